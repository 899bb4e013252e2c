"""Refused attempts in the admin: to be read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from inventory import audit_words
from inventory.admin import cells
from inventory.admin.base import HistoryAdmin
from inventory.admin.finding import FoundByCode
from inventory.admin.history import STAMP
from inventory.models import Lot, RefusedAttempt
from inventory.paging import counted
from inventory.verbs import REGISTRY
from quality import near_misses
from quality.models import Hold
from quality.near_misses import Family


class FamilyFilter(admin.SimpleListFilter):
    title = _("what stood in the way")
    parameter_name = "family"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Family.choices)

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RefusedAttempt]
    ) -> QuerySet[RefusedAttempt]:
        known = self.value() in Family.values
        return queryset.filter(near_misses.of_family(str(self.value()))) if known else queryset


class VerbFilter(admin.SimpleListFilter):
    """The known verbs; asking the table for them would read all of it."""

    title = _("what was tried")
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(verb.permission, verb.label) for verb in REGISTRY.values()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RefusedAttempt]
    ) -> QuerySet[RefusedAttempt]:
        return queryset.filter(verb=self.value()) if self.value() else queryset


@admin.register(RefusedAttempt)
class RefusedAttemptAdmin(FoundByCode, HistoryAdmin[RefusedAttempt]):
    list_display = ("recorded_at", "what", "code", "lot", "location", "demand", "actor")
    leaves_on_record = True
    list_filter = (
        FamilyFilter, "surface", ("recorded_at", admin.DateFieldListFilter), VerbFilter,
    )  # fmt: skip
    list_select_related = ("lot", "location", "actor")
    search_fields = (
        "lot__code", "material__code", "location__code", "=demand", "=code", "actor__username",
    )  # fmt: skip
    search_help_text = _("Lot, material, place, demand, code or user")
    ordering = ("-recorded_at", "-pk")
    fields = (
        "what", "verb", "code", "message", "rule_text", "hold_link", "lot", "material", "location",
        "container", "demand", "amount", "field", "line", "asked_for", *STAMP,
    )  # fmt: skip
    readonly_fields = ("what", "rule_text", "hold_link", "amount", "asked_for")

    @admin.display(description=_("what was tried"), ordering="verb")
    def what(self, attempt: RefusedAttempt) -> str:
        return audit_words.verb_label(attempt.verb)

    @admin.display(description=_("usage rule"))
    def rule_text(self, attempt: RefusedAttempt) -> str:
        return near_misses.rule_texts([attempt.rule]).get(attempt.rule, cells.EMPTY)

    @admin.display(description=_("hold"))
    def hold_link(self, attempt: RefusedAttempt) -> str:
        return cells.link(Hold.objects.filter(pk=attempt.hold).first() if attempt.hold else None)

    @admin.display(description=_("quantity"))
    def amount(self, attempt: RefusedAttempt) -> str:
        return cells.amount(attempt.quantity, attempt.counted_in)

    @admin.display(description=_("asked for"))
    def asked_for(self, attempt: RefusedAttempt) -> str:
        return cells.facts_table(attempt.asked)


def of_lot(request: HttpRequest, lot: Lot) -> dict[str, Any] | None:
    """How often something was refused with a lot, and where it is listed; for who may read it."""
    if not request.user.has_perm("inventory.view_refusedattempt"):
        return None
    count, more = counted(RefusedAttempt.objects.filter(lot=lot))
    address = reverse("admin:inventory_refusedattempt_changelist")
    return {
        "count": count,
        "more": more,
        "url": f"{address}?{urlencode({'lot__id__exact': lot.pk})}",
    }
