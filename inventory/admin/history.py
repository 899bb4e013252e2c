"""The ledger and the audit trail: to be read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from inventory import audit_search, audit_words
from inventory.admin import cells
from inventory.admin.base import HistoryAdmin
from inventory.admin.finding import FoundByCode
from inventory.models import AuditEntry, Balance, LotLink, Movement, MovementKind

LINK_KINDS = (MovementKind.CONSUME, MovementKind.SPLIT, MovementKind.MERGE)
STAMP = ("occurred_at", "recorded_at", "actor", "surface", "reason", "batch")
"""The columns of every record of history, in the order in which they are read."""


@admin.register(Movement)
class MovementAdmin(FoundByCode, HistoryAdmin[Movement]):
    list_display = (
        "id", "recorded_at", "kind", "lot", "amount", "source", "target", "reference", "actor",
    )  # fmt: skip
    list_filter = ("kind", "surface", ("recorded_at", admin.DateFieldListFilter))
    list_select_related = ("lot__material", "source", "target", "actor")
    search_fields = ("lot__code", "lot__number", "=reference")
    search_help_text = _("Lot or reference")
    ordering = ("-pk",)
    fields = (
        "kind", "lot", "amount", "source", "target", "from_container", "to_container",
        "reference", "rule_version", "reverses", *STAMP, "seal",
    )  # fmt: skip
    readonly_fields = ("amount", "seal")

    @admin.display(description=_("quantity"))
    def amount(self, movement: Movement) -> str:
        return cells.amount(movement.quantity, movement.lot.material.base_unit_id)

    @admin.display(description=_("seal"))
    def seal(self, movement: Movement) -> str:
        return cells.seal(movement)


@admin.register(Balance)
class BalanceAdmin(FoundByCode, HistoryAdmin[Balance]):
    list_display = ("lot", "location", "container", "on_hand", "reserved", "bound")
    list_filter = ("location__kind",)
    list_select_related = ("lot__material", "location", "container")
    search_fields = ("lot__code", "location__code", "container__code")
    search_help_text = _("Lot, location or container")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Balance]:
        return super().get_queryset(request).filter(quantity__gt=0)

    @admin.display(description=_("quantity"), ordering="quantity")
    def on_hand(self, balance: Balance) -> str:
        return cells.amount(balance.quantity, balance.lot.material.base_unit_id)


class LinkFilter(admin.SimpleListFilter):
    """The known kinds; asking the table for them would read all of it."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(kind.value, kind.label) for kind in LINK_KINDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LotLink]) -> QuerySet[LotLink]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(LotLink)
class LotLinkAdmin(FoundByCode, HistoryAdmin[LotLink]):
    list_display = ("parent", "child", "kind", "quantity", "recorded_at", "actor")
    list_filter = (LinkFilter,)
    list_select_related = ("parent", "child", "actor")
    search_fields = ("parent__code", "child__code")
    ordering = ("-pk",)


class ActionFilter(admin.SimpleListFilter):
    """The known actions, in words; asking the table for them would read all of it."""

    title = _("what was done")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(audit_words.WORDS.items())

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(HistoryAdmin[AuditEntry]):
    list_display = ("recorded_at", "what", "subject", "actor", "surface", "reason")
    leaves_on_record = True
    list_filter = ("surface", ("recorded_at", admin.DateFieldListFilter), ActionFilter)
    list_select_related = ("actor",)
    search_fields = ("subject",)
    search_help_text = _("A code or number, or how it begins: lot, demand, container, place, user")
    ordering = ("-pk",)
    fields = ("what", "action", "subject", "subject_type", "changed", "particulars", *STAMP)
    readonly_fields = ("what", "changed", "particulars")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        term = search_term.strip()
        return (queryset.filter(audit_search.about(term)) if term else queryset), False

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """The history of one row is linked from its page."""
        return lookup in ("subject_type", "subject_id") or super().lookup_allowed(
            lookup, value, request
        )

    @admin.display(description=_("what was done"), ordering="action")
    def what(self, entry: AuditEntry) -> str:
        return audit_words.in_words(entry.action)

    @admin.display(description=_("changes"))
    def changed(self, entry: AuditEntry) -> str:
        return cells.changes_table(entry.changes)

    @admin.display(description=_("particulars"))
    def particulars(self, entry: AuditEntry) -> str:
        return cells.facts_table(entry.facts)
