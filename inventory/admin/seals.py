"""The auditor's page: the seals, when they were last held against the records, what was sent."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from inventory.admin.base import HistoryAdmin
from inventory.models import AuditEntry, Seal, SealNotice
from inventory.seals import verifying
from inventory.seals.registry import SEALED

SHOWN = 10


class TableFilter(admin.SimpleListFilter):
    """The known kinds; asking the table for them would read all of it."""

    title = _("records")
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        kinds = sorted(SEALED.values(), key=lambda kind: kind.table)
        return [(kind.table, kind.model._meta.verbose_name_plural) for kind in kinds]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.of(self.value()) if self.value() else queryset


@admin.register(Seal)
class SealAdmin(HistoryAdmin[Seal]):
    change_list_template = "admin/seals.html"
    list_display = ("sequence", "sealed_at", "records", "first", "last", "count", "shown_hash")
    list_filter = (TableFilter, ("sealed_at", admin.DateFieldListFilter))
    fields = (
        "sequence", "sealed_at", "records", "first", "last", "count", "root", "previous", "hash",
    )  # fmt: skip
    readonly_fields = ("records", "shown_hash")
    ordering = ("-sequence",)

    @admin.display(description=_("records"), ordering="table")
    def records(self, seal: Seal) -> str:
        return name_of(seal.table)

    @admin.display(description=_("seal"))
    def shown_hash(self, seal: Seal) -> str:
        return f"{seal.hash[:16]}…"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        verified = AuditEntry.objects.filter(action=verifying.RECORDED).order_by("-pk").first()
        known = {
            "newest": Seal.objects.newest(),
            "verified": verified,
            "waiting": [(name_of(one.table), one) for one in verifying.backlog()],
            "notices": SealNotice.objects.all()[:SHOWN],
        }
        return super().changelist_view(request, known | (extra_context or {}))


def name_of(table: str) -> str:
    """The records of a seal, as people call them."""
    kind = SEALED.get(table)
    return str(kind.model._meta.verbose_name_plural) if kind else table
