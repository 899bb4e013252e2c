"""Inspections, decisions with their signatures, and what waits for a second one."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from inventory.admin import cells
from inventory.admin.base import HistoryAdmin
from inventory.admin.finding import FoundByCode
from inventory.admin.history import STAMP
from inventory.admin.pages import Act, Acting
from inventory.verbs import Verb
from inventory.wording import moment_in_words
from quality import seen
from quality.admin import facts
from quality.admin.filters import OldestFirst, OpenFilter, UndecidedFilter
from quality.models import Decision, Ending, Inspection, InspectionResult, Proposal
from quality.records import Signing, changed_since_signed, verify, with_signings


class ResultInline(admin.TabularInline[InspectionResult, Inspection]):
    model = InspectionResult
    fields = (
        "characteristic", "sample", "value", "unit", "lower", "upper", "outcome", "override",
        "remark",
    )  # fmt: skip
    readonly_fields = fields
    can_delete = False
    extra = 0

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("outcome"))
    def outcome(self, result: InspectionResult) -> str:
        return cells.passed(result.passed)


@admin.register(Inspection)
class InspectionAdmin(FoundByCode, OldestFirst, Acting[Inspection], HistoryAdmin[Inspection]):
    acts = (
        Act(verb="dispose_inspection", target="inspection", rows="admin/rows/inspections.html",
            done=_("Decided.")),
    )  # fmt: skip
    list_display = ("id", "lot", "kind", "outcome", "actor", "recorded_at")
    list_filter = (UndecidedFilter, "passed", "kind", ("recorded_at", admin.DateFieldListFilter))
    list_select_related = ("lot", "actor")
    search_fields = ("lot__code", "lot__number")
    fields = ("lot", "kind", "plan", "outcome", "decided", *STAMP)
    readonly_fields = ("outcome", "decided")
    inlines = (ResultInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Inspection]:
        rows = super().get_queryset(request).select_related("lot", "actor", "plan__material")
        return rows.prefetch_related("results")

    def offered(self, request: HttpRequest, row: Inspection | None = None) -> list[Verb]:
        return [] if row is not None and row.passed else super().offered(request, row)

    @admin.display(description=_("disposition"))
    def decided(self, inspection: Inspection) -> str:
        found = inspection.dispositions.select_related("actor")
        return format_html_join(
            "", "<p>{}: {} ({}, {})</p>",
            ((row.get_outcome_display(), row.reason, row.actor.get_full_name() or row.actor,
              moment_in_words(row.recorded_at)) for row in found),
        ) or cells.EMPTY  # fmt: skip

    @admin.display(description=_("outcome"), ordering="passed")
    def outcome(self, inspection: Inspection) -> str:
        return cells.passed(inspection.passed)


@admin.register(Decision)
class DecisionAdmin(FoundByCode, HistoryAdmin[Decision]):
    list_display = (
        "id", "lot", "kind", "from_status", "to_status", "meaning", "signed_by", "recorded_at",
    )  # fmt: skip
    list_filter = ("kind", "meaning", ("recorded_at", admin.DateFieldListFilter))
    list_select_related = ("lot",)
    search_fields = ("lot__code", "lot__number", "actor__username")
    fields = (
        "lot", "kind", "from_status", "to_status", "until", "for_demands", "signed", *STAMP,
    )  # fmt: skip
    readonly_fields = ("for_demands", "signed")

    @admin.display(description=_("for the demands"))
    def for_demands(self, decision: Decision) -> str:
        return ", ".join(decision.references) or cells.EMPTY

    @admin.display(description=_("signatures"))
    def signed(self, decision: Decision) -> str:
        return render_to_string("admin/parts/signings.html", {"signings": signings_of(decision)})


def signings_of(decision: Decision) -> list[Signing]:
    [row] = with_signings([decision])
    return list(row.signings)  # type: ignore[attr-defined]


class ProposalFilter(OpenFilter):
    """Those that wait, or those that have ended."""

    ended = "end"


@admin.register(Proposal)
class ProposalAdmin(FoundByCode, OldestFirst, Acting[Proposal], HistoryAdmin[Proposal]):
    """Decisions that wait for the second signature."""

    acts = (
        Act(verb="countersign", target="proposal", rows="admin/rows/proposals.html",
            done=_("Signed: in effect now.")),
        Act(verb="withdraw_proposal", target="proposal", rows="admin/rows/proposals.html",
            done=_("Withdrawn.")),
    )  # fmt: skip
    list_display = ("id", "lot", "kind", "first", "recorded_at", "state")
    list_filter = (ProposalFilter, "kind")
    list_select_related = ("lot", "actor", "end")
    search_fields = ("lot__code", "lot__number")
    fields = ("lot", "kind", "from_status", "until", "retest_on", "for_demands", "signed", "state",
              *STAMP)  # fmt: skip
    readonly_fields = ("for_demands", "signed", "state")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Proposal]:
        related = ("lot__material__base_unit", "actor", "end")
        return super().get_queryset(request).select_related(*related)

    def offered(self, request: HttpRequest, row: Proposal | None = None) -> list[Verb]:
        return [] if row is not None and hasattr(row, "end") else super().offered(request, row)

    def look_at(self, rows: list[Proposal]) -> list[Proposal]:
        """With the facts of their lots, and what has changed since the first signature."""
        lots = facts.look_at([row.lot for row in rows])
        changed = changed_since_signed(rows, seen.look_at({lot.pk: lot for lot in lots}))
        for row in rows:
            row.changed = seen.in_words(changed[row.pk])  # type: ignore[attr-defined]
        return rows

    @admin.display(description=_("for the demands"))
    def for_demands(self, proposal: Proposal) -> str:
        return ", ".join(proposal.references) or cells.EMPTY

    @admin.display(description=_("first signature"), ordering="actor")
    def first(self, proposal: Proposal) -> str:
        return proposal.actor.get_full_name() or proposal.actor.get_username()

    @admin.display(description=_("signatures"))
    def signed(self, proposal: Proposal) -> str:
        signings = [Signing(row, [], verify(row)) for row in proposal.signatures.all()]
        return render_to_string("admin/parts/signings.html", {"signings": signings})

    @admin.display(description=_("state"))
    def state(self, proposal: Proposal) -> str:
        if not hasattr(proposal, "end"):
            return cells.badge("warn", "hourglass-split", _("Waits for the second signature"))
        tone = "ok" if proposal.end.ending == Ending.SIGNED else "calm"
        return cells.badge(tone, "check-circle-fill", proposal.end.get_ending_display())
