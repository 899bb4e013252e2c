"""The gate answers the same in SQL, for lists, and line by line, for the action."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.errors import Refused
from inventory.models import Container, LotStatus, Material, MaterialUnit, Purpose, Unit
from inventory.units import to_base
from quality import gate
from quality.models import GatedAction, Hold, RestrictedUse, RuleSet, ShelfLifeRule, UsageRule
from staging.models import StagedStock
from tests.core.refusal import refused
from tests.plant import Plant

TODAY = date(2026, 5, 20)
days = st.sampled_from([None, -1, 0, 1])
rules = st.fixed_dictionaries(
    {
        "status": st.sampled_from(LotStatus.values),
        "action": st.sampled_from(["", "stage", "ship"]),
        "purpose": st.sampled_from(["", "line_side", "wip_buffer"]),
        "material": st.sampled_from([None, "own", "other"]),
        "customer": st.sampled_from([None, "own", "other"]),
        "effect": st.sampled_from(["allow", "allow", "reason", "deny"]),
        "valid_from": days,
        "valid_until": days,
    }
)


def day(offset: int | None) -> date | None:
    return None if offset is None else TODAY + timedelta(days=offset)


@pytest.fixture
def scene(plant: Plant) -> dict[str, Any]:
    """A lot staged in nested containers for a shipment."""
    lot, other = plant.lot(10, supplier_lot="SUP-1"), plant.material()
    stranger = plant._place("STRANGER", kind="customer")
    demand = plant.shipment((lot.material, 10))
    plant.stage(demand, lot)
    boxes = [Container.objects.create(code=f"B{n}", location=plant.l1) for n in range(3)]
    for inner, outer in pairwise(boxes):
        Container.objects.filter(pk=inner.pk).update(parent=outer)
    lot.balances.filter(location=plant.l1).update(container=boxes[0])
    StagedStock.objects.update(container=boxes[0])
    draft = RuleSet.objects.create(version=2, note="random")
    return {
        "plant": plant, "lot": lot, "other": other, "demand": demand, "rules": draft,
        "customers": {None: None, "own": plant.customer, "other": stranger}, "boxes": boxes,
        "materials": {None: None, "own": lot.material, "other": other},
        "targets": [
            {"lot": lot}, {"material": lot.material}, {"material": other},
            {"location": plant.l1}, {"location": plant.l2}, {"location": plant.a1},
            *[{"container": box} for box in boxes], {"supplier_lot": "SUP-1"},
            {"supplier_lot": "SUP-2"},
        ],
    }  # fmt: skip


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    status=st.sampled_from(LotStatus.values),
    expires=days,
    retest=days,
    drawn=st.lists(rules, max_size=5),
    holds=st.lists(st.tuples(st.integers(0, 10), st.booleans()), max_size=2),
    permits=st.lists(st.tuples(st.sampled_from(["own", "other"]), days), max_size=2),
    action=st.sampled_from([GatedAction.STAGE, GatedAction.SHIP, GatedAction.ISSUE]),
    ends=st.sampled_from([None, -1, 1]),
    own_life=st.sampled_from([0, 1]),
    lives=st.dictionaries(
        st.sampled_from(
            [(None, None), (None, "own"), ("own", "own"), (None, "other"), ("other", "own")]
        ),
        st.sampled_from([None, 0, 1, 2]),
        max_size=3,
    ),
    purpose=st.sampled_from([Purpose.LINE_SIDE, Purpose.WIP_BUFFER]),
)
def test_set_and_line_agree(
    scene: dict[str, Any],
    status: str,
    expires: int | None,
    retest: int | None,
    drawn: list[dict[str, Any]],
    holds: list[tuple[int, bool]],
    permits: list[tuple[str, int | None]],
    action: GatedAction,
    purpose: str,
    ends: int | None,
    own_life: int,
    lives: dict[tuple[str | None, str | None], int | None],
) -> None:
    plant, lot, demand = scene["plant"], scene["lot"], scene["demand"]
    arrange(scene, status, expires, retest, drawn, holds, permits)
    arrange_times(scene, ends, own_life, lives)
    plant.l1.purpose = purpose
    plant.l1.save(update_fields=["purpose"])
    stop = gate.stop_code(
        on=TODAY,
        action=action,
        reference="requirement__demand__reference",
        customer="requirement__demand__customer_id",
    )
    row = StagedStock.objects.annotate(now=stop).get()
    use = gate.Use(
        action=action, lot=lot, source=plant.l1, target=plant.l1, container=row.container,
        reference=demand.reference, customer_id=plant.customer.pk, reason="because",
    )  # fmt: skip
    refusal = gate.examine([use], TODAY)[0].refusal
    assert row.now == (refusal.code if refusal else "")
    assert row.now in {"", *gate.STOP_LABELS}


def arrange(
    scene: dict[str, Any],
    status: str,
    expires: int | None,
    retest: int | None,
    drawn: list[dict[str, Any]],
    holds: list[tuple[int, bool]],
    permits: list[tuple[str, int | None]],
) -> None:
    plant, lot, rule_set = scene["plant"], scene["lot"], scene["rules"]
    lot.status, lot.expires_on, lot.retest_on = status, day(expires), day(retest)
    lot.save()
    rule_set.activated_at, rule_set.activated_by = timezone.now(), plant.qa.user
    rule_set.save()
    UsageRule.objects.filter(rule_set=rule_set).delete()
    for rule in drawn:
        named = {
            "material": scene["materials"][rule["material"]],
            "customer": scene["customers"][rule["customer"]],
        }
        dates = {name: day(rule[name]) for name in ("valid_from", "valid_until")}
        if None not in dates.values() and dates["valid_from"] > dates["valid_until"]:
            dates["valid_until"] = dates["valid_from"]
        UsageRule.objects.create(rule_set=rule_set, **(rule | named | dates))
    Hold.objects.open().update(lifted_at=timezone.now(), lifted_by=plant.qa.user)
    for target, is_open in holds:
        hold = plant.hold(**scene["targets"][target])
        if not is_open:
            plant.lift(hold)
    RestrictedUse.objects.all().delete()
    references = {"own": scene["demand"].reference, "other": "OTHER"}
    for name, until in dict(permits).items():
        RestrictedUse.objects.create(lot=lot, reference=references[name], until=day(until))


def arrange_times(
    scene: dict[str, Any],
    ends: int | None,
    own_life: int,
    lives: dict[tuple[str | None, str | None], int | None],
) -> None:
    lot = scene["lot"]
    lot.out_ends_at = None if ends is None else timezone.now() + timedelta(hours=ends)
    lot.save()
    lot.material.min_remaining_days = own_life
    lot.material.save()
    ShelfLifeRule.objects.all().delete()
    ShelfLifeRule.objects.bulk_create(
        ShelfLifeRule(
            material=scene["materials"][material], customer=scene["customers"][customer], days=days
        )
        for (material, customer), days in lives.items()
    )


@pytest.mark.parametrize(("offset", "code"), [(-1, "lot_expired"), (0, ""), (1, "")])
def test_a_lot_may_be_used_on_its_last_day(plant: Plant, offset: int, code: str) -> None:
    lot = plant.lot(10, expires_in=offset, released=False)
    lot.status = LotStatus.RELEASED
    lot.save()
    order = plant.order((lot.material, 5))
    assert bool(gate.fefo([lot.material_id], timezone.localdate())) == (not code)
    if code:
        with refused(code):
            plant.stage(order, lot)
    else:
        plant.stage(order, lot)


@pytest.mark.parametrize(("left", "fits"), [(9, False), (10, True)])
def test_shelf_life_that_must_remain(plant: Plant, left: int, fits: bool) -> None:
    lot = plant.lot(10, material=plant.material(min_remaining_days=10), expires_in=left)
    order = plant.order((lot.material, 5))
    if fits:
        plant.stage(order, lot)
        return
    with refused("shelf_life_short"):
        plant.stage(order, lot)


def test_a_refusal_says_which_rule_who_clears_it_and_what_would_do(plant: Plant) -> None:
    lot = plant.lot(10, released=False)
    better = plant.lot(7, material=lot.material, expires_in=30)
    order = plant.order((lot.material, 5))
    with refused("lot_quarantine") as caught:
        plant.stage(order, lot)
    refusal = caught.value  # type: ignore[attr-defined]
    assert "quality has not decided yet" in refusal.text
    assert refusal.facts["cleared_by"] == "QA"
    assert [row["lot"] for row in refusal.facts["alternatives"]] == [better.code]
    assert better.number in str(refusal.hint)


@pytest.mark.parametrize("status", ["released", "restricted"])
def test_without_a_rule_nothing_may_be_used(plant: Plant, status: str) -> None:
    lot = plant.lot(10)
    type(lot).objects.filter(pk=lot.pk).update(status=status)
    RuleSet.objects.create(
        version=2, note="none", activated_at=timezone.now(), activated_by=plant.qa.user
    )
    with refused("rule_denies"):
        plant.stage(plant.order((lot.material, 5)), lot)


quantities = st.decimals(min_value="0.000001", max_value=1000, places=6)


@given(quantity=quantities, numerator=st.integers(1, 50), denominator=st.integers(1, 50))
@settings(deadline=None)
def test_units_convert_exactly_or_not_at_all(
    quantity: Decimal, numerator: int, denominator: int
) -> None:
    material = Material(pk=1, code="M", base_unit=Unit(code="KGM", decimals=6))
    other = MaterialUnit(
        unit_id="XBX", numerator=Decimal(numerator), denominator=Decimal(denominator)
    )
    vars(material)["_prefetched_objects_cache"] = {"units": [other]}
    exact = Fraction(quantity) * numerator / denominator
    try:
        base = to_base(material, quantity, Unit(code="XBX"))
    except Refused:
        assert (exact * 10**6).denominator != 1
        return
    assert type(base) is Decimal
    assert Fraction(base) == exact


def test_nobody_clears_an_expired_lot(plant: Plant) -> None:
    lot = plant.lot(10)
    type(lot).objects.filter(pk=lot.pk).update(expires_on=timezone.localdate() - timedelta(days=1))
    with refused("lot_expired") as caught:
        plant.stage(plant.order((lot.material, 5)), lot)
    assert "nobody" in caught.value.facts["cleared_by"]  # type: ignore[attr-defined]
