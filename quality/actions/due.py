"""Inspections that are due: which stand against a release, and which the calendar brings up."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.actions.common import lock_lots
from inventory.errors import Refused
from inventory.models import Balance, Lot, LotStatus
from inventory.wording import day_in_words
from quality.gate import RETEST_DUE
from quality.models import (
    DueInspection,
    Inspection,
    InspectionKind,
    InspectionPlan,
    Outcome,
)
from quality.seen import newest_outcome

DECIDED = (LotStatus.REJECTED, LotStatus.CLOSED)
"""Nobody waits for results of a lot that is rejected or closed."""


def waiting() -> QuerySet[DueInspection]:
    """What is open of lots that are there, and on which nobody has decided otherwise."""
    on_hand = Balance.objects.on_hand().filter(lot=OuterRef("lot"))
    rows = DueInspection.objects.open().filter(Exists(on_hand))
    return rows.exclude(lot__status__in=DECIDED)


def unsettled(lots: Collection[int]) -> list[DueInspection]:
    """What of the lots is due, or failed and neither accepted nor inspected again; `outcome` says
    what was decided. One statement."""
    rows = DueInspection.objects.filter(lot__in=lots)
    failed = rows.filter(inspection__passed=False).values("pk")
    rows = rows.filter(Q(pk__in=rows.open().values("pk")) | Q(pk__in=failed))
    rows = rows.annotate(outcome=newest_outcome("inspection")).select_related("lot")
    settled = (Outcome.ACCEPT, Outcome.REINSPECT)
    return [row for row in rows.order_by("pk") if row.outcome not in settled]  # type: ignore[attr-defined]


def against_release(
    lots: Mapping[int, Lot], families: Mapping[int, Collection[int]]
) -> dict[int, list[DueInspection]]:
    """What is unsettled of each (locked) lot, and of the lots that it was split from or took up.

    A retest counts whether the clock has come by to raise it or not. Two statements at most.
    """
    of_lot: dict[int, list[DueInspection]] = defaultdict(list)
    for row in unsettled(set().union(*families.values())) + _unraised_retests(lots, timezone.now()):
        of_lot[row.lot_id].append(row)
    return {lot: [due for pk in family for due in of_lot[pk]] for lot, family in families.items()}


def check_due(lot: Lot, found: Collection[DueInspection], inspected: bool) -> None:
    """Refuse `inspection_due`, `disposition_needed` and `inspection_failed` where a release would
    come too early."""
    for due in found:
        if due.inspection_id is None:
            raise Refused(
                _("%(of)s: the inspection “%(kind)s” has been due since %(since)s."),
                code="inspection_due",
                field="lot",
                hint=_("Record its results first."),
                facts={"lot": due.lot.code, "kind": str(due.kind)},
                of=due.lot,
                kind=InspectionKind(due.kind).label,
                since=day_in_words(timezone.localtime(due.since).date()),
            )
        if due.outcome is None:  # type: ignore[attr-defined]
            raise undecided(due)
        raise Refused(
            _("%(of)s: the inspection “%(kind)s” was left failed."),
            code="inspection_failed",
            field="lot",
            hint=_("Have it inspected again, or reject the lot."),
            facts={"lot": due.lot.code, "inspection": due.inspection_id},
            of=due.lot,
            kind=InspectionKind(due.kind).label,
        )
    if lot.material.inspection_required and not inspected:
        raise Refused(
            _("%(lot)s has not been inspected, and its material asks for it."),
            code="inspection_due",
            field="lot",
            hint=_("Record its results first."),
            lot=lot,
        )


def undecided(due: DueInspection) -> Refused:
    """The refusal `disposition_needed`: results outside their limits wait for a decision."""
    return Refused(
        _("%(of)s: the inspection “%(kind)s” failed, and that is not settled."),
        code="disposition_needed",
        field="lot",
        hint=_("Have it accepted with a reason, or inspected again; or reject the lot."),
        facts={"lot": due.lot.code, "inspection": due.inspection_id},
        of=due.lot,
        kind=InspectionKind(due.kind).label,
    )


@transaction.atomic
def raise_retests(at: datetime) -> int:
    """Raise the due retests of lots on hand whose retest date has passed. Says how many.

    Running it twice raises them once.
    """
    on_hand = Balance.objects.on_hand().filter(lot=OuterRef("pk"))
    lots = Lot.objects.filter(Exists(on_hand)).exclude(status__in=DECIDED)
    waiting = list(_without_retest(lots, at).values_list("pk", flat=True))
    due = _unraised_retests(lock_lots([], also=waiting), at)
    DueInspection.objects.bulk_create(due)
    return len(due)


def _unraised_retests(lots: Mapping[int, Lot], at: datetime) -> list[DueInspection]:
    """What has come due of these (locked) lots, and stands on no list yet."""
    today = timezone.localdate(at)
    passed = [pk for pk, lot in lots.items() if RETEST_DUE.met(lot, today)]
    if not passed:
        return []
    rows = _without_retest(Lot.objects.filter(pk__in=passed), at).annotate(
        plan=_plans_of(OuterRef("material")).values("pk")[:1]
    )
    return [
        DueInspection(
            lot=lots[row.pk], kind=InspectionKind.RETEST, plan_id=row.plan, since=at,
            retest_on=row.retest_on,
        )
        for row in rows
    ]  # fmt: skip


def _plans_of(material: Any) -> QuerySet[InspectionPlan]:
    plans = InspectionPlan.objects.in_force()
    return plans.filter(kind=InspectionKind.RETEST, material=material)


def _without_retest(lots: QuerySet[Lot], at: datetime) -> QuerySet[Lot]:
    """Those of the lots whose retest date has passed, but is on nobody's list yet."""
    known = DueInspection.objects.filter(
        Q(retest_on=OuterRef("retest_on")) | Q(inspection=None),
        lot=OuterRef("pk"), kind=InspectionKind.RETEST,
    )  # fmt: skip
    return lots.filter(
        ~Exists(known), Exists(_plans_of(OuterRef("material"))),
        RETEST_DUE.condition(timezone.localdate(at)),
    )  # fmt: skip


def complete(inspections: Collection[Inspection], lots: Mapping[int, Lot]) -> None:
    """Tick off what these inspections, just recorded by plan, were due for: four statements at
    most. What was examined unasked gets its row as well, so that a failure stands in the way."""
    planned = [row for row in inspections if row.plan]
    if not planned:
        return
    open_now = DueInspection.objects.filter(
        lot__in={row.lot_id for row in planned}, inspection=None
    )
    known = set(open_now.values_list("lot", "kind"))
    DueInspection.objects.bulk_create(
        DueInspection(
            lot_id=row.lot_id, kind=row.kind, plan=row.plan, since=row.recorded_at,
            retest_on=lots[row.lot_id].retest_on if row.kind == InspectionKind.RETEST else None,
        )
        for row in planned
        if (row.lot_id, row.kind) not in known
    )  # fmt: skip
    mine = Inspection.objects.filter(
        batch=planned[0].batch, lot=OuterRef("lot"), kind=OuterRef("kind")
    )
    open_now.filter(Exists(mine)).update(inspection=Subquery(mine.values("pk")[:1]))
