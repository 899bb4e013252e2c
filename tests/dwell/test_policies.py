"""Which policy counts, when it is due, and that Python and SQL say the same of it."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from inventory.actions import save_master
from inventory.models import Location
from staging import actions as staging
from staging.alerting.clock import sweep
from staging.dwell import changes, counting, terms
from staging.models import DwellPolicy, DwellSet, StagedStock
from tests.core.refusal import refused
from tests.dwell.conftest import HOUR, NOON, Policies, calendar, drafted
from tests.plant import Plant

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_noon(travel: time_machine.Traveller) -> None:
    """The plant's own clock starts at noon, before the plant is built."""


def staged(plant: Plant, **material: Any) -> StagedStock:
    lot = plant.lot(10, material=plant.material(**material))
    plant.stage(plant.order((lot.material, 10), needed_at=NOON + 99 * HOUR), lot)
    return StagedStock.objects.get(lot=lot)


def in_area(plant: Plant, *lanes: Location) -> Location:
    """An area with another in it, and these lanes in that one."""
    outer, inner = plant._place("OUTER"), plant._place("INNER")
    for place, parent in ((inner, outer), *((lane, inner) for lane in lanes)):
        place.parent = parent
        save_master(place, by=plant.qa, at=plant.now, reason="areas")
    return outer


class TestWhichCounts:
    """From the most specific on, each of them alone and before all that follow."""

    def scopes(self, plant: Plant, row: StagedStock) -> list[dict[str, Any]]:
        inner = Location.objects.get(code=f"{plant.site.code}-INNER")
        what = [{"material": row.lot.material}, {"category": "api"}, {}]
        whom: list[dict[str, Any]] = [{"kind": "production"}, {}]
        where: list[dict[str, Any]] = [
            {"lane": plant.l1}, {"area": inner, "purpose": "line_side"}, {"area": inner},
            {"area": inner.parent}, {"site": plant.site, "purpose": "line_side"},
            {"site": plant.site}, {"purpose": "line_side"}, {},
        ]  # fmt: skip
        return [a | b | c for a in what for b in whom for c in where]

    def test_the_order_is_total_and_the_same_in_sql(self, plant: Plant, in_force: Policies) -> None:
        in_area(plant, plant.l1)
        row = staged(plant, category="api")
        scopes = self.scopes(plant, row)
        assert len(scopes) == 48
        shuffled = Random(7).sample(scopes, len(scopes))
        numbered = {
            str(scopes.index(scope)): scope
            | {"note": str(scopes.index(scope)), "critical_after": 5}
            for scope in shuffled
        }
        version = in_force(*numbered.values())
        at = terms.Position(
            Location.objects.get(pk=plant.l1.pk),
            row.lot.material,
            row.requirement.demand,
            row.since,
        )
        fitting = terms.in_force().fitting(at)
        assert [policy.note for policy in fitting] == [str(number) for number in range(48)]
        for policy in fitting:
            counting.count_again(version.pk, [row.lot_id])
            row.refresh_from_db()
            assert row.dwell_policy is not None
            assert row.dwell_policy.note == policy.note
            DwellPolicy.objects.filter(pk=policy.pk).update(valid_until=NOON.date() - DAY)
        assert counting.count_again(version.pk, [row.lot_id]) == 1
        assert StagedStock.objects.get().due_at is None

    @pytest.mark.parametrize(
        "other",
        [
            {"kind": "shipment"}, {"category": "other"}, {"purpose": "shipping_lane"},
            {"kind": "production", "valid_until": NOON.date() - timedelta(days=1)},
            {"kind": "production", "valid_from": NOON.date() + timedelta(days=1)},
        ],
    )  # fmt: skip
    def test_what_does_not_fit_does_not_count(
        self, plant: Plant, in_force: Policies, other: dict[str, Any]
    ) -> None:
        in_force({"critical_after": 9}, {"critical_after": 2} | other)
        row = staged(plant, category="api")
        assert row.due_at == NOON + 9 * HOUR
        assert counting.count_again(DwellSet.objects.latest("pk").pk, [row.lot_id]) == 0

    def test_of_a_customer_before_of_shipments(self, plant: Plant, in_force: Policies) -> None:
        in_force(
            {"kind": "shipment", "critical_after": 9},
            {"customer": plant.customer, "critical_after": 3},
        )
        lot = plant.lot(10)
        plant.stage(plant.shipment((lot.material, 10)), lot, plant.dock)
        assert StagedStock.objects.get().due_at == NOON + 3 * HOUR

    def test_a_day_is_the_site_s_own(self, plant: Plant, in_force: Policies) -> None:
        plant.site.time_zone = "Pacific/Auckland"  # where it is Thursday already
        plant.site.save()
        in_force({"critical_after": 9, "valid_from": NOON.date() + timedelta(days=1)})
        row = staged(plant)
        assert row.due_at == NOON + 9 * HOUR
        assert counting.count_again(DwellSet.objects.latest("pk").pk, [row.lot_id]) == 0


class TestLimits:
    """The limits of lane and material cap what a policy says, and count where there is none."""

    @pytest.mark.parametrize(
        ("policy", "limit", "by_policy", "warns", "critical"),
        [
            ({"warn_after": 1, "critical_after": 5}, 10, True, 1, 5),
            ({"warn_after": 1, "critical_after": 10}, 10, True, 1, 10),
            ({"warn_after": 1, "critical_after": 20}, 10, False, 8, 10),
            ({"warn_after": 1}, 10, False, 8, 10),
            ({"warn_after": 1}, None, True, 1, None),
            ({}, None, True, None, None),
            (None, 10, False, 8, 10),
            (None, None, False, None, None),
        ],
    )
    def test_the_earlier_end_counts(
        self,
        plant: Plant,
        in_force: Policies,
        policy: dict[str, Any] | None,
        limit: int | None,
        by_policy: bool,
        warns: int | None,
        critical: int | None,
    ) -> None:
        version = in_force(*([policy] if policy is not None else []))
        row = staged(plant, dwell_limit=limit * HOUR if limit else None)
        expected = tuple(NOON + hours * HOUR if hours else None for hours in (warns, critical))
        assert (row.warn_at, row.due_at) == expected
        assert (row.dwell_policy is not None) == by_policy
        assert row.rings_at == min(filter(None, expected), default=None)
        assert counting.count_again(version.pk, [row.lot_id]) == 0

    def test_a_limit_beyond_the_calendar_is_none(self, plant: Plant) -> None:
        row = staged(plant, dwell_limit=timedelta(days=3_000_000))
        assert row.due_at is None
        assert counting.count_again(None, [row.lot_id]) == 0


class TestWorkingTime:
    def test_it_is_counted_by_the_calendar_of_the_site(
        self, plant: Plant, in_force: Policies, travel: time_machine.Traveller
    ) -> None:
        calendar(plant, ("12345", "06:00", "14:00"))
        in_force({"warn_after": 1, "critical_after": 4, "counted": "working"})
        changes.catch_up(timezone.now())
        row = staged(plant)
        assert row.warn_at == NOON + HOUR
        assert row.due_at == NOON + 20 * HOUR  # two hours today, and two tomorrow from six on
        assert counting.count_again(DwellSet.objects.latest("pk").pk, [row.lot_id]) == 0

    def test_without_a_calendar_all_time_counts(self, plant: Plant, in_force: Policies) -> None:
        version = in_force({"critical_after": 4, "counted": "working"})
        row = staged(plant)
        assert row.due_at == NOON + 4 * HOUR
        assert counting.count_again(version.pk, [row.lot_id]) == 0

    def test_a_closed_calendar_and_its_end_still_give_a_due_time(
        self, plant: Plant, in_force: Policies
    ) -> None:
        calendar(plant)
        version = in_force({"critical_after": 4, "counted": "working"})
        changes.catch_up(timezone.now())
        row = staged(plant)
        assert row.due_at is not None
        assert timedelta(days=800) < row.due_at - NOON < timedelta(days=803)
        assert counting.count_again(version.pk, [row.lot_id]) == 0


def test_python_and_sql_agree_on_many(plant: Plant, in_force: Policies) -> None:
    """Positions of every age around the calendar's nights, weekends and a change of clocks."""
    plant.site.time_zone = "America/New_York"
    plant.site.save()
    calendar(plant, ("12345", "22:00", "06:00"), ("6", "08:00", "12:30"))
    version = in_force(
        {"critical_after": 30, "warn_after": 7, "counted": "working"},
        {"category": "api", "critical_after": 1, "counted": "working"},
        {"purpose": "wip_buffer", "warn_after": 3},
        {"lane": plant.l2, "critical_after": 40, "counted": "working",
         "valid_from": NOON.date() - timedelta(days=40)},
    )  # fmt: skip
    changes.catch_up(timezone.now())
    random = Random(11)
    lots = [plant.lot(60, material=plant.material(category=which)) for which in ("api", "", "x")]
    for lot in lots:
        for lane in (plant.l1, plant.l2, plant.buf):
            for _round in range(3):
                plant.stage(plant.order((lot.material, 1)), lot, lane, quantity="1")
    for row in StagedStock.objects.all():
        since = NOON - timedelta(seconds=random.uniform(0, 90 * 86_400))
        StagedStock.objects.filter(pk=row.pk).update(since=since)
    rows = list(
        StagedStock.objects.select_related("lot__material", "location", "requirement__demand")
    )
    assert len(rows) == 27
    terms.count(rows)
    said = {row.pk: (row.dwell_policy_id, row.warn_at, row.due_at) for row in rows}
    assert counting.count_again(version.pk, [lot.pk for lot in lots]) > 20
    found = StagedStock.objects.values_list("pk", "dwell_policy", "warn_at", "due_at")
    assert {pk: tuple(rest) for pk, *rest in found} == said
    assert len(set(said.values())) > 20


class TestDrafts:
    def test_somebody_else_puts_them_into_force(self, plant: Plant) -> None:
        draft = drafted(plant, {"critical_after": 4})
        with refused("own_draft"):
            staging.activate_dwell(dwell_set=draft, reason="mine", by=plant.qa, at=plant.now)
        staging.activate_dwell(dwell_set=draft, reason="agreed", by=plant.lab, at=plant.now)
        with refused("rules_active"):
            staging.change_dwell(draft=draft, rules=[], reason="x", by=plant.qa, at=plant.now)
        with refused("rules_active"):
            staging.activate_dwell(dwell_set=draft, reason="x", by=plant.lab, at=plant.now)

    def test_two_on_the_same_are_refused(self, plant: Plant) -> None:
        with refused("rules_overlap"):
            drafted(plant, {"critical_after": 4}, {"critical_after": 5})

    @pytest.mark.parametrize(
        "names", [("material", "category"), ("customer", "kind"), ("lane", "area"),
                  ("lane", "site"), ("area", "site"), ("lane", "purpose")],
    )  # fmt: skip
    def test_one_thing_is_named_in_one_way(self, plant: Plant, names: tuple[str, str]) -> None:
        values = {
            "material": plant.material(), "category": "api", "customer": plant.customer,
            "kind": "shipment", "lane": plant.l1, "area": plant.a1, "site": plant.site,
            "purpose": "line_side",
        }  # fmt: skip
        with pytest.raises(ValidationError):
            drafted(plant, {"critical_after": 4} | {name: values[name] for name in names})

    def test_it_warns_before_it_is_critical(self, plant: Plant) -> None:
        with pytest.raises(ValidationError):
            drafted(plant, {"warn_after": 4, "critical_after": 4})


def test_alerts_follow_the_policy(
    plant: Plant, in_force: Policies, travel: time_machine.Traveller
) -> None:
    """Warning, then critical in its place; gone when the policy is lengthened; raised again."""

    def swept() -> tuple[int, int, list[str]]:
        counts = sweep(by=plant.operator, at=timezone.now())
        assert sweep(by=plant.operator, at=timezone.now()) == {"raised": 0, "closed": 0}
        row = StagedStock.objects.get()
        reasons = row.alerts.filter(closed_at=None).values_list("reason", flat=True)
        return counts["raised"] + counts.get("reopened", 0), counts["closed"], list(reasons)

    in_force({"warn_after": 2, "critical_after": 4})
    staged(plant)
    travel.shift(HOUR)
    assert swept() == (0, 0, [])
    travel.shift(HOUR)
    assert swept() == (1, 0, ["dwell_warning"])
    travel.shift(2 * HOUR)
    assert swept() == (1, 1, ["dwell_critical"])
    in_force({"warn_after": 3, "critical_after": 6})
    assert swept() == (1, 1, ["dwell_warning"])
    in_force({"warn_after": 5, "critical_after": 6})
    assert swept() == (0, 1, [])
    travel.shift(HOUR)
    assert swept() == (1, 0, ["dwell_warning"])
    travel.shift(HOUR)
    assert swept() == (1, 1, ["dwell_critical"])
    in_force()
    assert swept() == (0, 1, [])
