"""Record what an inspection found."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Annotated

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import each, lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.models import Lot
from inventory.units import LARGEST
from quality.actions.due import complete
from quality.actions.planned import (
    Plans,
    check_whole,
    held_against,
    number,
    plans_in_force,
    sample_unknown,
)
from quality.models import Inspection, InspectionKind, InspectionResult
from quality.models.plans import MOST_SAMPLES

LotField = Annotated[Lot, About(_("Lot"), _("Scan the lot label."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One characteristic of a lot. Lines for the same lot and kind make one inspection.

    Where the material has a plan for it in force, unit and limits are the plan's, and may be left
    out.
    """

    lot: LotField
    characteristic: Annotated[
        str, About(_("Characteristic"), _("What was examined."), max_length=80)
    ]
    value: Annotated[str, About(_("Result"), _("A number, or words."), max_length=80)]
    kind: Annotated[InspectionKind, About(_("Inspection"))] = InspectionKind.RECEIPT
    unit: Annotated[str, About(_("Unit"), max_length=20)] = ""
    lower: Annotated[Decimal | None, About(_("Lower limit"))] = None
    upper: Annotated[Decimal | None, About(_("Upper limit"))] = None
    passed: Annotated[
        bool, About(_("Passed"), _("For results in words; numbers are held against the limits."))
    ] = True
    remark: Annotated[str, About(_("Remark"), max_length=200)] = ""
    sample: Annotated[
        int | None, About(_("Sample"), _("Which one, from 1, if the plan asks for several."))
    ] = None
    override: Annotated[
        str,
        About(_("Why it is right"), _("For a value that does not seem plausible."), max_length=200),
    ] = ""


@transaction.atomic
def record_inspection(*, lines: Sequence[Result], by: Actor, at: datetime) -> list[Inspection]:
    """Record results; an inspection passes when every result does. Returns the inspections.

    Where a plan is in force for the lot's material and the kind of inspection, the results are
    held against it, and it takes all that it asks for; what was due is then complete.

    Refuses `result_not_a_number` (limits given, but no number), `limits_crossed` and
    `limit_out_of_range`; by the plan `characteristic_unknown`, `sample_unknown`, `plan_differs`,
    `result_not_pass_or_fail`, `result_too_fine`, `result_implausible` (without a word on why),
    `result_twice`, `result_missing` and `disposition_needed` (the one before failed, and nobody
    has decided that it is done again).
    """
    stamp = audit.stamp(by, at)
    lots = lock_lots(line.lot for line in lines)
    plans = plans_in_force(lines, lots)
    results = each(lines, lambda line, index: _result(line, plans))
    check_whole(lines, plans, results)
    grouped: dict[tuple[int, str], list[InspectionResult]] = defaultdict(list)
    for line, result in zip(lines, results, strict=True):
        grouped[(line.lot.pk, line.kind)].append(result)
    made = Inspection.objects.bulk_create(
        Inspection(
            lot=lots[lot],
            kind=kind,
            passed=all(result.passed for result in found),
            plan=plans.get((lot, kind)),
            **stamp.columns(),
        )
        for (lot, kind), found in grouped.items()
    )
    for inspection, found in zip(made, grouped.values(), strict=True):
        for result in found:
            result.inspection = inspection
    InspectionResult.objects.bulk_create(chain.from_iterable(grouped.values()))
    complete(made, lots)
    entries = [
        audit.Entry(
            subject=row.lot,
            facts={"inspection": row.pk, "passed": row.passed}
            | ({"plan": str(row.plan)} if row.plan else {}),
        )
        for row in made
    ]
    audit.record_many("quality.record_inspection", entries, stamp=stamp)
    return made


def _result(line: Result, plans: Plans) -> InspectionResult:
    if plan := plans.get((line.lot.pk, line.kind)):
        return held_against(line, plan)
    if line.sample is not None and not 1 <= line.sample <= MOST_SAMPLES:
        raise sample_unknown(line, MOST_SAMPLES)
    return InspectionResult(
        characteristic=line.characteristic.strip(),
        value=line.value.strip(),
        unit=line.unit.strip(),
        lower=line.lower,
        upper=line.upper,
        passed=_passed(line),
        remark=line.remark.strip(),
        sample=line.sample,
    )


def _passed(line: Result) -> bool:
    if line.lower is None and line.upper is None:
        return line.passed
    for name, limit in (("lower", line.lower), ("upper", line.upper)):
        if limit is not None and not (limit.is_finite() and abs(limit) <= LARGEST):
            raise Refused(
                _("That limit is not a number that can be kept."),
                code="limit_out_of_range",
                field=name,
                hint=_("Enter a number, or leave the limit empty."),
            )
    if line.lower is not None and line.upper is not None and line.lower > line.upper:
        raise Refused(
            _("The lower limit lies above the upper one."),
            code="limits_crossed",
            field="lower",
        )
    value = number(line.value)
    if value is None:
        raise Refused(
            _("“%(value)s” is not a number, but there are limits to hold it against."),
            code="result_not_a_number",
            field="value",
            hint=_("Enter the number alone, or leave the limits empty."),
            value=line.value,
        )
    above = line.lower is None or value >= line.lower
    below = line.upper is None or value <= line.upper
    return above and below
