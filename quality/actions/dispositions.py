"""Decide what becomes of an inspection that did not pass."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from inventory import audit, preconditions
from inventory.actions.common import each, lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from quality.models import Disposition, DueInspection, Inspection, Outcome
from quality.seen import newest_outcome

InspectionField = Annotated[Inspection, About(_("Inspection"), _("Number of the inspection."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A failed inspection, and what becomes of it."""

    inspection: InspectionField
    outcome: Annotated[Outcome, About(_("Disposition"))]
    reason: Annotated[str, About(_("Reason"), _("Kept with the inspection."), multiline=True)]


@transaction.atomic
def dispose_inspection(*, lines: Sequence[Verdict], by: Actor, at: datetime) -> list[Disposition]:
    """Accept failed inspections all the same, have them done again, or leave them failed.

    What is done again is due anew, if it was done by a plan. The newest disposition counts.

    Refuses `reason_needed`, `inspection_passed`, `inspection_superseded` (a later inspection of
    the lot counts by now), `reinspection_due` (it is being done again) and
    `disposer_recorded_results` (the decision is somebody else's).
    """
    stamp = audit.stamp(by, at)
    lots = lock_lots(line.inspection.lot for line in lines)
    found = _read({line.inspection.pk for line in lines})
    preconditions.locked(found.values())
    newest = set(
        Inspection.objects.filter(lot__in=lots)
        .order_by()
        .values("lot", "kind")
        .annotate(last=Max("pk"))
        .values_list("last", flat=True)
    )

    def decide(line: Verdict, index: int) -> Disposition:
        inspection = found[line.inspection.pk]
        _check(inspection, newest, by)
        columns = stamp.columns() | {"reason": audit.require_reason(line.reason)}
        return Disposition(inspection=inspection, outcome=line.outcome, **columns)

    made = Disposition.objects.bulk_create(each(lines, decide))
    DueInspection.objects.bulk_create(
        [
            DueInspection(
                lot_id=row.inspection.lot_id, kind=row.inspection.kind,
                plan_id=row.inspection.plan_id, since=stamp.recorded_at,
            )
            for row in made
            if row.outcome == Outcome.REINSPECT and row.inspection.plan_id
        ],
        ignore_conflicts=True,  # stock of the lot has come in meanwhile: it is due already
    )  # fmt: skip
    entries = [
        audit.Entry(
            subject=row.inspection.lot,
            facts={"inspection": row.inspection_id, "disposition": row.outcome},
            reason=row.reason,
        )
        for row in made
    ]
    audit.record_many("quality.dispose_inspection", entries, stamp=stamp)
    return made


def _read(inspections: Collection[int]) -> dict[int, Inspection]:
    rows = Inspection.objects.filter(pk__in=inspections).select_related("lot")
    return {row.pk: row for row in rows.annotate(outcome=newest_outcome("pk"))}


def _check(inspection: Inspection, newest: Collection[int], by: Actor) -> None:
    if inspection.passed:
        raise Refused(
            _("This inspection of %(lot)s passed: there is nothing to decide."),
            code="inspection_passed",
            field="inspection",
            hint=_("Look at the lot's last inspection."),
            lot=inspection.lot,
        )
    if inspection.pk not in newest:
        raise Refused(
            _("%(lot)s has been inspected again since."),
            code="inspection_superseded",
            field="inspection",
            hint=_("Decide on the lot's last inspection of that kind."),
            lot=inspection.lot,
        )
    if inspection.plan_id and inspection.outcome == Outcome.REINSPECT:  # type: ignore[attr-defined]
        raise Refused(
            _("%(lot)s is being inspected again."),
            code="reinspection_due",
            field="inspection",
            hint=_("Wait for the new results."),
            lot=inspection.lot,
        )
    if inspection.actor_id == by.user.pk:
        raise Refused(
            _("You recorded the results of %(lot)s."),
            code="disposer_recorded_results",
            field="inspection",
            hint=_("Somebody else must decide what becomes of them."),
            lot=inspection.lot,
        )
