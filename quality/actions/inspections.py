"""Record what an inspection found."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.models import Lot
from inventory.units import LARGEST
from quality.models import Inspection, InspectionKind, InspectionResult

LotField = Annotated[Lot, About(_("Lot"), _("Scan the lot label."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One characteristic of a lot. Lines for the same lot make one inspection."""

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


@transaction.atomic
def record_inspection(*, lines: Sequence[Result], by: Actor, at: datetime) -> list[Inspection]:
    """Record results; an inspection passes when every result does. Returns the inspections.

    Refuses `result_not_a_number` (limits given, but no number), `limits_crossed` and
    `limit_out_of_range`.
    """
    stamp = audit.stamp(by, at)
    lots = lock_lots(line.lot for line in lines)
    grouped: dict[tuple[int, str], list[InspectionResult]] = defaultdict(list)
    for index, line in enumerate(lines):
        grouped[(line.lot.pk, line.kind)].append(_result(line, index))
    inspections = []
    for (lot, kind), results in grouped.items():
        inspection = Inspection.objects.create(
            lot=lots[lot],
            kind=kind,
            passed=all(result.passed for result in results),
            **stamp.columns(),
        )
        for result in results:
            result.inspection = inspection
        InspectionResult.objects.bulk_create(results)
        audit.record(
            "quality.record_inspection",
            stamp=stamp,
            subject=lots[lot],
            facts={"inspection": inspection.pk, "passed": inspection.passed},
        )
        inspections.append(inspection)
    return inspections


def _result(line: Result, index: int) -> InspectionResult:
    return InspectionResult(
        characteristic=line.characteristic.strip(),
        value=line.value.strip(),
        unit=line.unit.strip(),
        lower=line.lower,
        upper=line.upper,
        passed=_passed(line, index),
        remark=line.remark.strip(),
    )


def _passed(line: Result, index: int) -> bool:
    if line.lower is None and line.upper is None:
        return line.passed
    for name, limit in (("lower", line.lower), ("upper", line.upper)):
        if limit is not None and not (limit.is_finite() and abs(limit) <= LARGEST):
            raise Refused(
                _("That limit is not a number that can be kept."),
                code="limit_out_of_range",
                field=name,
                line=index,
                hint=_("Enter a number, or leave the limit empty."),
            )
    if line.lower is not None and line.upper is not None and line.lower > line.upper:
        raise Refused(
            _("The lower limit lies above the upper one."),
            code="limits_crossed",
            field="lower",
            line=index,
        )
    try:
        value = Decimal(line.value.strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise Refused(
            _("“%(value)s” is not a number, but there are limits to hold it against."),
            code="result_not_a_number",
            field="value",
            line=index,
            hint=_("Enter the number alone, or leave the limits empty."),
            value=line.value,
        )
    above = line.lower is None or value >= line.lower
    below = line.upper is None or value <= line.upper
    return above and below
