"""Results held against the plan in force: what is missing, implausible, out of limits."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from inventory.errors import Refusals, Refused
from inventory.models import Lot
from quality.actions import due
from quality.models import (
    CharacteristicKind,
    InspectionPlan,
    InspectionResult,
    PlanCharacteristic,
)

if TYPE_CHECKING:
    from quality.actions.inspections import Result

Asked = tuple[int, str]
"""A lot and a kind of inspection."""

PASS, FAIL = "pass", "fail"

SAME = {"unit": _("unit"), "lower": _("lower limit"), "upper": _("upper limit")}
"""What the plan says, and a line may repeat."""

Plans = Mapping[Asked, InspectionPlan]


def plans_in_force(
    lines: Iterable["Result"], lots: Mapping[int, Lot]
) -> dict[Asked, InspectionPlan]:
    """The plan that holds for each lot and kind of inspection that has one."""
    wanted = {(line.lot.pk, str(line.kind)) for line in lines}
    plans = InspectionPlan.objects.in_force().filter(
        material__in={lots[pk].material_id for pk, _kind in wanted},
        kind__in={kind for _pk, kind in wanted},
    )
    found = {
        (plan.material_id, plan.kind): plan
        for plan in plans.select_related("material").prefetch_related("characteristics")
    }
    keyed = {asked: found.get((lots[asked[0]].material_id, asked[1])) for asked in wanted}
    return {asked: plan for asked, plan in keyed.items() if plan is not None}


def held_against(line: "Result", plan: InspectionPlan) -> InspectionResult:
    """The result of one sample, with the limits of the plan.

    Refuses `characteristic_unknown`, `sample_unknown`, `plan_differs`, `result_not_a_number`,
    `result_too_fine`, `result_implausible` and `result_not_pass_or_fail`.
    """
    asked = _characteristic(line, plan)
    _check_same(line, asked)
    return InspectionResult(
        characteristic=asked.name,
        value=line.value.strip(),
        unit=asked.unit,
        lower=asked.lower,
        upper=asked.upper,
        passed=_passed(line, asked),
        remark=line.remark.strip(),
        sample=_sample(line, asked),
        override=line.override.strip(),
    )


def _characteristic(line: "Result", plan: InspectionPlan) -> PlanCharacteristic:
    name = line.characteristic.strip().casefold()
    for asked in plan.characteristics.all():
        if asked.name.casefold() == name:
            return asked
    raise Refused(
        _("The plan %(plan)s does not ask for “%(characteristic)s”."),
        code="characteristic_unknown",
        field="characteristic",
        hint=_("It asks for: %(names)s.")
        % {"names": ", ".join(asked.name for asked in plan.characteristics.all())},
        plan=plan,
        characteristic=line.characteristic,
    )


def _sample(line: "Result", asked: PlanCharacteristic) -> int:
    sample = 1 if line.sample is None else line.sample
    if not 1 <= sample <= asked.samples:
        raise sample_unknown(line, asked.samples)
    return sample


def sample_unknown(line: "Result", samples: int) -> Refused:
    """The refusal of a sample number beyond those that there can be."""
    return Refused(
        _("There is no sample %(sample)s of %(characteristic)s."),
        code="sample_unknown",
        field="sample",
        hint=_("Samples are counted from 1; there are %(samples)s at most.") % {"samples": samples},
        sample=line.sample,
        characteristic=line.characteristic,
    )


def _check_same(line: "Result", asked: PlanCharacteristic) -> None:
    """Limits and unit are the plan's. Who states others has another specification in mind."""
    for name, words in SAME.items():
        given = getattr(line, name)
        if given not in ("", None) and given != getattr(asked, name):
            raise Refused(
                _("The plan has another %(what)s for %(characteristic)s."),
                code="plan_differs",
                field=name,
                hint=_("Leave it out: the plan's holds."),
                what=words,
                characteristic=asked,
            )


def _passed(line: "Result", asked: PlanCharacteristic) -> bool:
    if asked.kind == CharacteristicKind.NUMERIC:
        return asked.is_within(_plausible(line, asked))
    if asked.kind == CharacteristicKind.TEXT:
        return line.passed
    said = line.value.strip().casefold()
    if said not in (PASS, FAIL):
        raise Refused(
            _("%(characteristic)s passes or fails: “%(value)s” is neither."),
            code="result_not_pass_or_fail",
            field="value",
            hint=_("Enter “pass” or “fail”; what there is to say more goes into the remark."),
            characteristic=asked,
            value=line.value,
        )
    return said == PASS and line.passed


def _plausible(line: "Result", asked: PlanCharacteristic) -> Decimal:
    value = number(line.value)
    if value is None:
        raise Refused(
            _("“%(value)s” is not a number, and the plan asks for one."),
            code="result_not_a_number",
            field="value",
            hint=_("Enter the number alone, with a decimal point."),
            value=line.value,
        )
    if asked.decimals is not None and -int(value.as_tuple().exponent) > asked.decimals:
        raise Refused(
            _("%(characteristic)s has too many decimals: %(decimals)s at most."),
            code="result_too_fine",
            field="value",
            hint=_("Round it as the method says."),
            characteristic=asked,
            decimals=asked.decimals,
        )
    if not asked.is_plausible(value) and not line.override.strip():
        raise Refused(
            _("%(value)s is not plausible for %(characteristic)s."),
            code="result_implausible",
            field="value",
            hint=_("Check it. If it is right all the same, say why."),
            value=line.value.strip(),
            characteristic=asked,
        )
    return value


def number(text: str) -> Decimal | None:
    """The number that a result states; None if it is none."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def check_whole(
    lines: Sequence["Result"], plans: Plans, results: Sequence[InspectionResult]
) -> None:
    """Each sample that a plan asks for once, all of them, and no failure left open.

    Refuses `result_twice`, `result_missing` and `disposition_needed`, with every line of the
    inspection concerned: none of them can be done without the others.
    """
    if not plans:
        return
    failed = {
        (row.lot_id, row.kind): row
        for row in due.unsettled({lot for lot, _kind in plans})
        if row.inspection_id
    }
    refusals = Refusals()
    for asked, plan in plans.items():
        mine = [n for n, line in enumerate(lines) if (line.lot.pk, line.kind) == asked]
        given = Counter((results[n].characteristic, results[n].sample) for n in mine)
        for index in mine:
            with refusals.of(index):
                if asked in failed:
                    raise due.undecided(failed[asked])
                _check_once(results[index], given)
                _check_none_missing(plan, given.keys())
    refusals.raise_any()


def _check_once(result: InspectionResult, given: Counter[tuple[str, int | None]]) -> None:
    if given[result.characteristic, result.sample] > 1:
        raise Refused(
            _("%(characteristic)s of sample %(sample)s is given twice."),
            code="result_twice",
            field="sample",
            hint=_("Say of which sample each result is."),
            characteristic=result.characteristic,
            sample=result.sample,
        )


def _check_none_missing(plan: InspectionPlan, given: Collection[tuple[str, int | None]]) -> None:
    missing = [
        {"characteristic": asked.name, "sample": sample}
        for asked in plan.characteristics.all()
        for sample in range(1, asked.samples + 1)
        if asked.required and (asked.name, sample) not in given
    ]
    if missing:
        words = [f"{one['characteristic']} ({one['sample']})" for one in missing]
        raise Refused(
            _("Results are missing: %(missing)s."),
            code="result_missing",
            field="characteristic",
            hint=_("Record all that the plan asks for together; the sample stands in brackets."),
            facts={"missing": missing},
            missing=", ".join(words),
        )
