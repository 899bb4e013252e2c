"""Inspections by plan: due, complete, held against limits, settled where they failed."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from inventory import actions as stock
from inventory.models import AuditEntry, Lot, Material, Movement
from quality import actions as quality
from quality import occasions
from quality.actions import due
from quality.models import (
    Disposition,
    DueInspection,
    Inspection,
    InspectionKind,
    InspectionPlan,
    Outcome,
    PlanCharacteristic,
)
from quality.tasks import raise_due_retests
from staging import actions as staging
from tests.core.refusal import refused
from tests.plans import ASSAY, IDENTITY, draft, in_force, results
from tests.plant import Plant
from tests.standing import built_once

pytestmark = pytest.mark.django_db

D = Decimal


@built_once
def planned(plant: Plant) -> Material:
    """A material whose lots are inspected on receipt."""
    material = plant.material()
    in_force(plant, material)
    return material


@built_once
def lot(plant: Plant, planned: Material) -> Lot:
    """A lot of it, just received."""
    return plant.lot(material=planned, released=False)


def record(plant: Plant, *lines: quality.Result) -> Inspection:
    made: list[Inspection] = plant.do(quality.record_inspection, *lines, by=plant.lab)
    return made[0]


def dispose(plant: Plant, inspection: Inspection, outcome: str, **kwargs: Any) -> Disposition:
    line = quality.Verdict(inspection=inspection, outcome=Outcome(outcome), reason="looked at it")
    made: list[Disposition] = plant.do(
        quality.dispose_inspection, line, by=kwargs.get("by", plant.qa)
    )
    return made[0]


def kinds(lot: Lot) -> list[str]:
    """The kinds of inspection that are due of a lot."""
    return [row.kind for row in DueInspection.objects.open().filter(lot=lot).order_by("kind")]


# --- what is due --------------------------------------------------------------------------------


def test_a_lot_is_due_once_however_many_drums_it_comes_in(plant: Plant, planned: Material) -> None:
    plant.lot(material=planned, number="N", released=False)
    lot = plant.lot(material=planned, number="N", released=False, at=plant.a2)
    assert kinds(lot) == ["receipt"]
    row = DueInspection.objects.get()
    assert row.since == Movement.objects.order_by("pk")[0].recorded_at


def test_a_material_without_a_plan_in_force_asks_for_nothing(plant: Plant) -> None:
    drafted, ended = plant.material(), plant.material()
    draft(plant, drafted)
    plan = in_force(plant, ended)
    quality.withdraw_plan(plan=plan, reason="certified", by=plant.qa, at=plant.now)
    for material in (drafted, ended, plant.material()):
        assert kinds(plant.lot(material=material, released=False)) == []


def test_another_delivery_of_an_inspected_lot_is_due_again(plant: Plant, lot: Lot) -> None:
    record(plant, *results(lot))
    assert kinds(lot) == []
    plant.lot(material=lot.material, number=lot.number, released=False)
    assert kinds(lot) == ["receipt"]


def test_a_produced_lot_is_due_for_its_own_plan(plant: Plant) -> None:
    product = plant.material()
    in_force(plant, product, IDENTITY, kind="in_process")
    order = plant.order((plant.material(), 1), product=product)
    line = staging.Output(demand=order, number="F1", quantity=D(5), location=plant.a1)
    plant.do(staging.produce, line)
    assert kinds(Lot.objects.get(number="F1")) == ["in_process"]


def issued(plant: Plant, material: Material) -> Lot:
    lot = plant.lot(material=material)
    plant.stage(plant.order((material, 50)), lot, quantity=10)
    plant.do(staging.issue, staging.Issue(lot=lot))
    return lot


def test_what_comes_back_from_the_work_centre_is_due(plant: Plant) -> None:
    material = plant.material()
    in_force(plant, material, IDENTITY, kind="return")
    lot = issued(plant, material)
    assert kinds(lot) == []
    plant.do(staging.return_remainder, staging.Remainder(lot=lot, target=plant.a2))
    assert kinds(lot) == ["return"]


def test_what_comes_back_from_the_customer_is_due(plant: Plant) -> None:
    material = plant.material()
    in_force(plant, material, IDENTITY, kind="return")
    lot = plant.lot(material=material)
    demand = plant.shipment((material, 5))
    plant.stage(demand, lot, plant.dock, quantity=5)
    plant.do(staging.ship, staging.Shipping(lot=lot, demand=demand))
    shipped = Movement.objects.order_by("-pk")[0]
    plant.do(staging.reverse, stock.Reversal(movement=shipped, reason="refused at the gate"))
    assert kinds(lot) == ["return"]


def test_what_goes_back_to_the_supplier_is_not_due(plant: Plant) -> None:
    material = plant.material()
    in_force(plant, material, IDENTITY, kind="return")
    lot = plant.lot(material=material)
    plant.do(stock.send_back, stock.Removal(lot=lot, quantity=D(1), reason="wrong"))
    assert kinds(lot) == []


def overdue(plant: Plant, **kwargs: Any) -> Lot:
    """A released lot whose retest date has passed."""
    lot = plant.lot(**kwargs)
    Lot.objects.filter(pk=lot.pk).update(retest_on=timezone.localdate() - timedelta(days=1))
    lot.refresh_from_db()
    return lot


def test_the_clock_raises_a_retest_once(plant: Plant) -> None:
    material = plant.material()
    in_force(plant, material, IDENTITY, kind="retest")
    lot, unplanned = overdue(plant, material=material), overdue(plant)
    fine = plant.lot(material=material)
    assert [raise_due_retests(), raise_due_retests()] == [1, 0]
    assert [kinds(one) for one in (lot, unplanned, fine)] == [["retest"], [], []]


def test_a_used_up_or_rejected_lot_waits_for_no_retest(plant: Plant) -> None:
    material = plant.material()
    in_force(plant, material, IDENTITY, kind="retest")
    gone, bad = overdue(plant, material=material), overdue(plant, material=material)
    plant.do(stock.scrap, stock.Removal(lot=gone, quantity=D(100), reason="old"))
    Lot.objects.filter(pk=bad.pk).update(status="rejected")
    assert due.raise_retests(plant.now) == 0


def test_a_retest_done_early_is_not_asked_for_again(plant: Plant) -> None:
    material = plant.material()
    in_force(plant, material, IDENTITY, kind="retest")
    lot = overdue(plant, material=material)
    line = quality.Result(
        lot=lot, characteristic="Identity", value="pass", kind=InspectionKind.RETEST
    )
    record(plant, line)
    assert due.raise_retests(plant.now) == 0
    soon = timezone.localdate() + timedelta(days=90)
    plant.do(quality.release, release(lot, retest_on=soon), by=plant.qa)
    Lot.objects.filter(pk=lot.pk).update(retest_on=timezone.localdate() - timedelta(days=2))
    assert due.raise_retests(plant.now) == 1  # another date has come


def test_the_trigger_gives_way_to_migrations_and_comes_back(plant: Plant) -> None:
    occasions.ensure(using="default")  # it is there: nothing to do
    occasions.give_way(using="default")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(occasions.LOOK_UP["sqlite"], [occasions.NAME])
            assert cursor.fetchone() == (0,)
    occasions.ensure(using="default")
    material = plant.material()
    in_force(plant, material)
    assert kinds(plant.lot(material=material, released=False)) == ["receipt"]


# --- release ------------------------------------------------------------------------------------


def release(lot: Lot, **kwargs: Any) -> quality.Release:
    signed: dict[str, Any] = {"meaning": "approval", "reason": "fine", "password": "secret"}
    return quality.Release(lot=lot, **signed | kwargs)


def test_a_lot_is_released_once_its_inspection_is_complete(plant: Plant, lot: Lot) -> None:
    with refused("inspection_due") as caught:
        plant.release(lot)
    assert caught.value.facts == {"lot": lot.code, "kind": "receipt"}  # type: ignore[attr-defined]
    inspection = record(plant, *results(lot))
    assert (inspection.passed, str(inspection.plan)) == (True, f"{lot.material} · On receipt v1")
    assert DueInspection.objects.get().inspection == inspection
    plant.release(lot)
    lot.refresh_from_db()
    assert lot.status == "released"


def test_a_retest_stands_against_a_release_before_the_clock_has_come_by(plant: Plant) -> None:
    material = plant.material()
    in_force(plant, material, IDENTITY, kind="retest")
    lot = overdue(plant, material=material)
    soon = timezone.localdate() + timedelta(days=90)
    with refused("inspection_due"):
        plant.do(quality.release, release(lot, retest_on=soon), by=plant.qa)


def test_a_part_waits_for_the_inspection_of_the_whole(plant: Plant, lot: Lot) -> None:
    plant.do(quality.split_lot, stock.Split(lot=lot, number="PART", quantity=D(1)))
    part = Lot.objects.get(number="PART")
    with refused("inspection_due"):
        plant.release(part)
    record(plant, *results(lot))
    plant.release(part)


def test_a_withdrawn_plan_stands_against_nothing(plant: Plant, lot: Lot) -> None:
    plan = InspectionPlan.objects.get()
    quality.withdraw_plan(plan=plan, reason="certified", by=plant.qa, at=plant.now)
    plant.release(lot)


def test_what_is_due_is_held_against_the_next_version(plant: Plant, lot: Lot) -> None:
    plan = draft(plant, lot.material, {"name": "Colour", "kind": "text"})
    quality.approve_plan(plan=plan, reason="changed", by=plant.qa, at=plant.now)
    with refused("result_missing"):
        record(plant, *results(lot))
    colour = quality.Result(lot=lot, characteristic="Colour", value="white")
    assert record(plant, *results(lot), colour).plan == plan
    plant.release(lot)


def test_a_material_may_ask_for_an_inspection_without_a_plan(plant: Plant) -> None:
    lot = plant.lot(material=plant.material(inspection_required=True), released=False)
    with refused("inspection_due"):
        plant.release(lot)
    record(plant, quality.Result(lot=lot, characteristic="look", value="fine"))
    plant.release(lot)


def test_a_lot_may_be_restricted_while_results_are_awaited(plant: Plant, lot: Lot) -> None:
    line = quality.Restriction(
        lot=lot, references=("TRIAL",), meaning="approval", reason="trial", password="secret"
    )  # type: ignore[arg-type]
    plant.do(quality.restrict, line, by=plant.qa)


# --- results ------------------------------------------------------------------------------------

WRONG: dict[str, tuple[str, Callable[[Lot], list[quality.Result]]]] = {
    "a sample is missing": ("result_missing", lambda lot: results(lot)[:2]),
    "a sample twice": ("result_twice", lambda lot: [*results(lot), results(lot)[1]]),
    "a sample too many": ("sample_unknown", lambda lot: results(lot, "99", "99", "99")),
    "no sample 0": (
        "sample_unknown", lambda lot: [quality.Result(
            lot=lot, characteristic="Assay", value="99", sample=0)],
    ),
    "not asked for": (
        "characteristic_unknown",
        lambda lot: [*results(lot), quality.Result(lot=lot, characteristic="Odour", value="x")],
    ),
    "not a number": ("result_not_a_number", lambda lot: results(lot, "about 99", "99")),
    "not a finite number": ("result_not_a_number", lambda lot: results(lot, "NaN", "99")),
    "too many decimals": ("result_too_fine", lambda lot: results(lot, "99.55", "99")),
    "a slip of the key": ("result_implausible", lambda lot: results(lot, "9.9", "99")),
    "neither pass nor fail": ("result_not_pass_or_fail", lambda lot: results(lot, identity="ok")),
    "limits of one's own": ("plan_differs", lambda lot: results(lot, lower=D(0))),
    "a unit of one's own": ("plan_differs", lambda lot: results(lot, unit="mg")),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_wrong_results_are_refused_and_nothing_is_kept(plant: Plant, lot: Lot, what: str) -> None:
    code, lines = WRONG[what]
    with refused(code):
        record(plant, *lines(lot))
    assert kinds(lot) == ["receipt"]
    assert not Inspection.objects.exists()


def test_a_missing_result_names_all_that_is_missing(plant: Plant, lot: Lot) -> None:
    with refused("result_missing") as caught:
        record(plant, results(lot)[0])
    facts = caught.value.facts  # type: ignore[attr-defined]
    assert facts["missing"] == [
        {"characteristic": "Assay", "sample": 1}, {"characteristic": "Assay", "sample": 2},
    ]  # fmt: skip


def test_an_implausible_value_is_kept_with_why_it_is_right(plant: Plant, lot: Lot) -> None:
    lines = results(lot)
    odd = quality.Result(
        lot=lot, characteristic="Assay", value="40", sample=2, override="Diluted sample"
    )
    inspection = record(plant, *lines[:2], odd)
    assert not inspection.passed
    assert inspection.results.get(sample=2, characteristic="Assay").override == "Diluted sample"


def test_the_limits_are_the_plans(plant: Plant, lot: Lot) -> None:
    inspection = record(plant, *results(lot, "98", "102.1"))
    found = list(inspection.results.filter(characteristic="Assay"))
    assert [(row.sample, row.passed) for row in found] == [(1, True), (2, False)]
    assert {(row.unit, row.lower, row.upper) for row in found} == {("%", D(98), D(102))}
    assert not inspection.passed


def test_what_is_optional_may_be_left_out(plant: Plant) -> None:
    material = plant.material()
    in_force(plant, material, IDENTITY, ASSAY | {"required": False})
    lot = plant.lot(material=material, released=False)
    assert record(plant, results(lot)[0]).passed


def test_text_and_attributes_fail_when_they_say_so(plant: Plant) -> None:
    material = plant.material()
    in_force(plant, material, IDENTITY, {"name": "Odour", "kind": "text"})
    lot = plant.lot(material=material, released=False)
    lines = [
        quality.Result(lot=lot, characteristic="Identity", value="FAIL"),
        quality.Result(lot=lot, characteristic="Odour", value="sour", passed=False),
    ]
    assert [row.passed for row in record(plant, *lines).results.all()] == [False, False]


def test_results_without_a_plan_are_what_one_says_they_are(plant: Plant, lot: Lot) -> None:
    line = quality.Result(lot=lot, characteristic="pH", value="7", kind=InspectionKind.IN_PROCESS)
    assert record(plant, line).plan is None
    assert kinds(lot) == ["receipt"]


def test_partly_done_a_whole_inspection_is_refused_at_once(plant: Plant, lot: Lot) -> None:
    from inventory.verbs import REGISTRY, carry_out

    other = plant.lot(released=False)
    lines = [*results(lot)[:2], quality.Result(lot=other, characteristic="pH", value="7")]
    answer, _again = carry_out(
        REGISTRY["record_inspection"], lines, by=plant.lab, at=plant.now, partial=True
    )
    assert [row["status"] for row in answer["results"]] == ["refused", "refused", "done"]


# --- dispositions -------------------------------------------------------------------------------


@pytest.fixture
def failed(plant: Plant, lot: Lot) -> Inspection:
    return record(plant, *results(lot, "90", "99"))


def test_a_failure_is_settled_before_the_release(plant: Plant, failed: Inspection) -> None:
    with refused("disposition_needed"):
        plant.release(failed.lot)
    dispose(plant, failed, "accept")
    plant.release(failed.lot)
    entry = AuditEntry.objects.get(action="quality.dispose_inspection")
    assert (entry.facts["disposition"], entry.reason) == ("accept", "looked at it")


def test_who_recorded_the_results_does_not_decide_on_them(plant: Plant, failed: Inspection) -> None:
    with refused("disposer_recorded_results"):
        dispose(plant, failed, "accept", by=plant.lab)


def test_nobody_tests_into_compliance(plant: Plant, failed: Inspection) -> None:
    with refused("disposition_needed"):
        record(plant, *results(failed.lot))
    dispose(plant, failed, "reinspect")
    with refused("inspection_due"):
        plant.release(failed.lot)
    assert record(plant, *results(failed.lot)).passed
    plant.release(failed.lot)
    assert DueInspection.objects.filter(lot=failed.lot).count() == 2


def test_what_is_left_failed_is_not_released_and_may_be_decided_again(
    plant: Plant, failed: Inspection
) -> None:
    dispose(plant, failed, "reject")
    with refused("inspection_failed"):
        plant.release(failed.lot)
    dispose(plant, failed, "accept")
    plant.release(failed.lot)
    assert failed.dispositions.count() == 2


def test_only_the_inspection_that_counts_is_decided_on(plant: Plant, failed: Inspection) -> None:
    dispose(plant, failed, "reinspect")
    with refused("reinspection_due"):
        dispose(plant, failed, "accept")
    again = record(plant, *results(failed.lot))
    with refused("inspection_superseded"):
        dispose(plant, failed, "accept")
    with refused("inspection_passed"):
        dispose(plant, again, "accept")


def test_a_failure_without_a_plan_can_be_accepted_too(plant: Plant) -> None:
    lot = plant.lot(released=False)
    line = quality.Result(lot=lot, characteristic="look", value="stained", passed=False)
    inspection = record(plant, line)
    with refused("inspection_failed"):
        plant.release(lot)
    dispose(plant, inspection, "accept")
    plant.release(lot)


def test_a_later_inspection_of_another_kind_hides_no_failure(
    plant: Plant, failed: Inspection
) -> None:
    line = quality.Result(
        lot=failed.lot, characteristic="pH", value="7", kind=InspectionKind.IN_PROCESS
    )
    record(plant, line)
    with refused("disposition_needed"):
        plant.release(failed.lot)


# --- plans --------------------------------------------------------------------------------------


def approve(plant: Plant, plan: InspectionPlan, **kwargs: Any) -> InspectionPlan:
    given: dict[str, Any] = {"reason": "reviewed", "by": plant.qa, "at": plant.now} | kwargs
    return quality.approve_plan(plan=plan, **given)


def test_a_plan_is_approved_by_none_of_its_authors(plant: Plant) -> None:
    plan = draft(plant, plant.material())
    with refused("approver_wrote_plan"):
        approve(plant, plan, by=plant.lab)
    quality.change_plan(draft=plan, characteristics=[], reason="looked", by=plant.qa, at=plant.now)
    with refused("approver_wrote_plan"):
        approve(plant, plan)
    with refused("approver_wrote_plan"):
        quality.withdraw_plan(
            plan=in_force(plant, plant.material()), reason="r", by=plant.lab, at=plant.now
        )


def test_a_plan_in_force_never_changes(plant: Plant, planned: Material) -> None:
    plan = InspectionPlan.objects.get()
    with refused("plan_approved"):
        quality.change_plan(
            draft=plan, characteristics=[], reason="quietly", by=plant.lab, at=plant.now
        )
    with refused("plan_approved"):
        approve(plant, plan)


def test_the_next_version_starts_as_a_copy_and_replaces_the_first(
    plant: Plant, planned: Material
) -> None:
    first = InspectionPlan.objects.get()
    second = draft(plant, planned, {"name": "Odour", "kind": "text"})
    assert [row.name for row in second.characteristics.all()] == ["Identity", "Assay", "Odour"]
    assert approve(plant, second).version == 2
    first.refresh_from_db()
    assert first.ended_at == second.approved_at
    assert list(InspectionPlan.objects.in_force()) == [second]


def test_an_older_draft_and_an_empty_one_come_into_no_force(plant: Plant) -> None:
    material = plant.material()
    older = draft(plant, material)
    in_force(plant, material)
    with refused("plan_outdated"):
        approve(plant, older)
    empty = quality.draft_plan(
        material=plant.material(), kind=InspectionKind.RECEIPT, note="n", by=plant.lab,
        at=plant.now,
    )  # fmt: skip
    with refused("plan_empty"):
        approve(plant, empty)
    with refused("plan_not_in_force"):
        quality.withdraw_plan(plan=empty, reason="r", by=plant.qa, at=plant.now)


@pytest.mark.parametrize("reason", ["", " "])
def test_a_plan_changes_for_a_reason(plant: Plant, reason: str) -> None:
    plan = draft(plant, plant.material())
    with refused("reason_needed"):
        approve(plant, plan, reason=reason)
    with refused("reason_needed"):
        quality.change_plan(
            draft=plan, characteristics=[], reason=reason, by=plant.lab, at=plant.now
        )


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"lower": D(3), "upper": D(2)}, "__all__"),
        ({"plausible_from": D(3), "plausible_to": D(2)}, "__all__"),
        ({"lower": D(1), "plausible_from": D(2)}, "lower"),
        ({"kind": "text", "upper": D(2)}, "upper"),
        ({"kind": "attribute", "decimals": 2}, "decimals"),
        ({"samples": 0}, "samples"),
        ({"samples": 51}, "samples"),
        ({"decimals": 7}, "decimals"),
        ({"name": "IDENTITY"}, "__all__"),
    ],
)
def test_a_characteristic_that_makes_no_sense(
    plant: Plant, columns: dict[str, Any], field: str
) -> None:
    plan = draft(plant, plant.material(), IDENTITY)
    row = PlanCharacteristic(**{"name": "Assay", "kind": "numeric"} | columns)
    with pytest.raises(ValidationError) as caught:
        quality.change_plan(
            draft=plan, characteristics=[row], reason="r", by=plant.lab, at=plant.now
        )
    assert list(caught.value.message_dict) == [field]


def test_the_database_keeps_one_plan_in_force(plant: Plant, planned: Material) -> None:
    draft(plant, planned, {"name": "Odour", "kind": "text"})
    first = InspectionPlan.objects.in_force().get()
    with pytest.raises(IntegrityError), transaction.atomic():
        InspectionPlan.objects.filter(approved_at=None).update(
            approved_at=first.approved_at, approved_by=first.approved_by
        )


def test_a_disposition_stays(plant: Plant, failed: Inspection) -> None:
    made = dispose(plant, failed, "reject")
    with pytest.raises(DatabaseError), transaction.atomic():
        Disposition.objects.filter(pk=made.pk).update(outcome="accept")
