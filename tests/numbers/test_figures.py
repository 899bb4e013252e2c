"""Each figure is what plain Python makes of the same records, over plants at random work."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Balance, Lot, Movement
from staging.models import ClaimChange, Commitment, Demand, Requirement, StagedStock
from staging.numbers.asked import Asked
from staging.numbers.figures import FIGURES
from staging.numbers.period import Length, Period
from staging.numbers.tables import Found, Row
from tests.numbers.work import Work

pytestmark = pytest.mark.django_db

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


def asked(work: Work, length: Length = Length.MONTH, back: int = 0, **by: Any) -> Asked:
    zone = by.pop("zone", COPENHAGEN)
    until = work.now.astimezone(zone).date() - timedelta(days=back)
    return Asked(work.now + timedelta(minutes=1), Period.of(length, until, zone), **by)


def count(name: str, what: Asked) -> Found:
    return FIGURES[name].count(what)


def narrowed(work: Work) -> list[Asked]:
    """The ways that all figures of the past are asked for."""
    return [
        asked(work),
        asked(work, Length.WEEK),
        asked(work, Length.DAY, back=3),
        asked(work, Length.QUARTER, material=work.materials[0]),
        asked(work, within=work.plant.l1),
        asked(work, kind="shipment", zone=ZoneInfo("Asia/Kolkata")),
    ]


def rank(spans: Sequence[timedelta], part: float) -> timedelta | None:
    return sorted(spans)[ceil(len(spans) * part) - 1] if spans else None


def left(what: Asked) -> list[Commitment]:
    """Staged positions that ended in the period, of what is asked for."""
    rows = Commitment.objects.filter(state="staged").select_related(
        "location", "lot", "requirement__demand"
    )
    return [
        row for row in rows
        if row.closed_at and fits(row, what)
        and what.period.start <= row.closed_at < what.period.end
    ]  # fmt: skip


def fits(row: Commitment, what: Asked) -> bool:
    return (
        (not what.material or row.lot.material_id == what.material.pk)
        and (not what.within or row.location.path.startswith(what.within.path))
        and (not what.kind or row.requirement.demand.kind == what.kind)
    )


def test_the_work_was_of_every_kind(work: Work) -> None:
    assert work.done > 30
    kinds = set(Movement.objects.values_list("kind", flat=True))
    assert {"stage", "issue", "consume", "unstage", "move", "reverse"} <= kinds
    assert ClaimChange.objects.filter(quantity__lt=0).exists()
    assert ClaimChange.objects.filter(quantity__gt=0).exists()


# --- dwell --------------------------------------------------------------------------------------


def test_dwell_times(work: Work) -> None:
    for what in narrowed(work):
        found, rows = count("dwell", what).tables, left(what)
        bounds = [timedelta(hours=n) for n in (0, 1, 2, 4, 8, 12, 24, 48, 72, 168, 10**6)]
        stood = [row.closed_at - row.since for row in rows if row.closed_at]
        expected = [sum(low <= span < high for span in stood) for low, high in pairwise(bounds)]
        if not rows:
            assert found == {"distribution": [], "trend": [], "lanes": []}
            continue
        assert [row["in_time"] + row["over"] for row in found["distribution"]] == expected
        for step, row in zip(what.period.steps, found["trend"], strict=False):
            here = [one for one in rows if one.closed_at and step[0] <= one.closed_at < step[1]]
            assert spans(row) == spans_of(here)
        by_lane: dict[str, list[Commitment]] = defaultdict(list)
        for one in rows:
            by_lane[one.location.code].append(one)
        assert {row["lane"]: spans(row) for row in found["lanes"]} == {
            lane: spans_of(here) for lane, here in by_lane.items()
        }
        assert sum(row["positions"] for row in found["trend"]) == len(rows)


def spans(row: Row) -> tuple[Any, ...]:
    return row["positions"], row["median"], row["ninth"], row["over"]


def spans_of(rows: list[Commitment]) -> tuple[Any, ...]:
    stood = [row.closed_at - row.since for row in rows if row.closed_at]
    over = sum(bool(row.due_at and row.closed_at and row.due_at < row.closed_at) for row in rows)
    return len(rows), rank(stood, 0.5), rank(stood, 0.9), over


# --- staged quantity ----------------------------------------------------------------------------


def test_staged_quantity(work: Work) -> None:
    for what in narrowed(work):
        found = count("staged", what).tables["areas"]
        moved = list(Movement.objects.select_related("source", "target", "lot__material"))
        areas = {(row["purpose"], row["unit"]) for row in found}
        for step, (start, end) in enumerate(what.period.steps):
            if start > what.now:
                break
            for area in areas:
                row = [one for one in found if (one["purpose"], one["unit"]) == area][step]
                hours = [start + timedelta(hours=n + 1) for n in range(ceil((min(end, what.now)
                         - start) / timedelta(hours=1)))]  # fmt: skip
                levels = [level(moved, area, hour, what) for hour in hours]
                assert row["until"] == min(end, what.now)
                assert row["quantity"] == levels[-1]
                assert row["highest"] == max(levels)
                assert row["average"] == round(sum(levels) / len(levels), 6)


def level(moved: list[Movement], area: tuple[str, str], before: datetime, what: Asked) -> Decimal:
    """What stood in an area before a moment: all that came, less all that went."""
    there = Decimal(0)
    for row in moved:
        material = row.lot.material
        if row.occurred_at >= before or material.base_unit_id != area[1]:
            continue
        if what.material and material.pk != what.material.pk:
            continue
        for place, sign in ((row.target, 1), (row.source, -1)):
            if place.purpose == area[0] and (
                not what.within or place.path.startswith(what.within.path)
            ):
                there += sign * row.quantity
    return there


def test_the_last_step_is_what_the_balances_say(work: Work) -> None:
    found = count("staged", asked(work)).tables["areas"]
    last = max(row["until"] for row in found)
    there: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in Balance.objects.filter(location__kind="staging").select_related(
        "location", "lot__material"
    ):
        there[row.location.purpose, row.lot.material.base_unit_id] += row.quantity
    assert {(row["purpose"], row["unit"]): row["quantity"] for row in found
            if row["until"] == last and row["quantity"]} == {
        area: quantity for area, quantity in there.items() if quantity
    }  # fmt: skip


# --- on time ------------------------------------------------------------------------------------


def verdict(work: Work, demand: Demand, now: datetime) -> str:
    """By what was seen at the time, and not by what the records say of it now."""

    def short(moment: datetime) -> bool:
        lines = Requirement.objects.filter(demand=demand)
        return any(work.staged_at(line.pk, moment) < line.quantity for line in lines)

    if not short(demand.needed_at):
        return "on_time"
    return "short" if short(now) else "late"


def test_on_time_rate(work: Work) -> None:
    for what in narrowed(work):
        found = count("on-time", what).tables
        due = [
            demand for demand in work.demands
            if what.period.start <= demand.needed_at < what.stop
            and (not what.kind or demand.kind == what.kind)
            and (not what.material
                 or demand.requirements.filter(material=what.material).exists())
            and not what.within  # no work centre lies within a lane
        ]  # fmt: skip
        verdicts = {demand: verdict(work, demand, what.now) for demand in due}
        for (start, end), row in zip(what.period.steps, found["trend"], strict=False):
            here = Counter(v for demand, v in verdicts.items() if start <= demand.needed_at < end)
            assert {name: row[name] for name in ("on_time", "late", "short")} == {
                name: here[name] for name in ("on_time", "late", "short")
            }
            assert row["due"] == here.total()
        assert {row["demand"] for row in found["missed"]} == {
            demand.reference for demand, v in verdicts.items() if v != "on_time"
        }


# --- lanes --------------------------------------------------------------------------------------


def test_stale_rates(work: Work) -> None:
    for what in narrowed(work):
        expected: dict[str, Counter[str]] = defaultdict(Counter)
        for row in Commitment.objects.filter(state="staged").select_related(
            "location", "lot", "requirement__demand"
        ):
            gone = row.closed_at and row.closed_at < what.period.start
            if gone or row.since >= what.stop or not fits(row, what):
                continue
            until = min(row.closed_at or what.stop, what.stop)
            over = bool(row.due_at and row.due_at <= until)
            overdue = row.requirement.demand.needed_at <= until
            expected[row.location.code].update(
                positions=1, over_limit=over, overdue=overdue, stale=over or overdue
            )
        names = ("positions", "stale", "over_limit", "overdue")
        assert {
            row["lane"]: tuple(row[name] for name in names)
            for row in count("lanes", what).tables["stale"]
        } == {lane: tuple(here[name] for name in names) for lane, here in expected.items()}


def test_refusal_rates(work: Work) -> None:
    for what in narrowed(work):
        lines: Counter[str] = Counter()
        kinds = dict(Demand.objects.values_list("reference", "kind"))
        for row in Movement.objects.select_related("source", "target", "lot"):
            if not what.period.start <= row.occurred_at < what.stop:
                continue
            if what.material and row.lot.material_id != what.material.pk:
                continue
            if what.kind and kinds.get(row.reference) != what.kind:
                continue
            for place in (row.source, row.target):
                if place.kind == "staging" and (
                    not what.within or place.path.startswith(what.within.path)
                ):
                    lines[place.code] += 1
        found = count("lanes", what).tables["refused"]
        assert {row["lane"]: row["tried"] - row["refused"] for row in found} == lines


# --- flow ---------------------------------------------------------------------------------------


def test_flow(work: Work) -> None:
    lot = Lot.objects.get(pk=work.lots[0].pk)
    for what in (
        asked(work, material=work.materials[0]),
        asked(work, Length.WEEK, material=work.materials[1]),
        asked(work, lot=lot),
    ):
        moved: Counter[tuple[str, str]] = Counter()
        back: Counter[tuple[str, str]] = Counter()
        for row in Movement.objects.select_related("source", "target", "lot"):
            mine = row.lot_id == lot.pk if what.lot else row.lot.material == what.material
            if mine and what.period.start <= row.occurred_at < what.stop:
                if row.kind == "reverse":
                    back[row.target.code, row.source.code] += row.quantity  # type: ignore[assignment]
                else:
                    moved[row.source.code, row.target.code] += row.quantity  # type: ignore[assignment]
        found = count("flow", what).tables["flows"]
        assert {
            (row["source"], row["target"]): (row["moved"], row["reversed"], row["flowed"])
            for row in found
        } == {way: (moved[way], back[way], moved[way] - back[way]) for way in moved | back}


# --- ahead --------------------------------------------------------------------------------------


def test_occupancy_ahead(work: Work) -> None:
    """Hour by hour, each position counted by itself."""
    what = asked(work, site=work.plant.site, lead=timedelta(hours=3))
    found = count("ahead", what).tables
    begins = what.now.replace(minute=0, second=0, microsecond=0)  # in UTC, as what is stored
    hours = [begins + timedelta(hours=n) for n in range(24)]
    for place in (work.plant.l1, work.plant.l2, work.plant.buf, work.plant.dock):
        stays: dict[int, datetime | None] = {}
        for balance in Balance.objects.filter(location=place, quantity__gt=0):
            rows = StagedStock.objects.filter(location=place, lot=balance.lot)
            needed = [row.requirement.demand.needed_at for row in rows]
            free = balance.quantity > balance.bound or not needed or min(needed) <= what.now
            stays[balance.lot_id] = None if free else max(needed)
        row = next(one for one in found["lanes"] if one["lane"] == place.code)
        assert row["now"] == len(stays)
        leaving = [at for at in stays.values() if at and at < begins + timedelta(hours=24)]
        assert row["going"] >= len(leaving)
        seen = [one for one in found["hours"] if one["lane"] == place.code]
        came = 0
        for hour, one in zip(hours, seen, strict=True):
            came += one["coming"]
            gone = sum(other["going"] for other in seen if other["at"] < hour)
            assert one["at"] == hour
            assert one["positions"] == len(stays) + came - gone
    lacking = 0
    for line in Requirement.objects.filter(demand__closed_at=None).with_progress():
        comes = line.demand.needed_at - what.lead
        if line.progressed < line.quantity and comes < begins + timedelta(hours=24):
            lacking += 1
    assert sum(row["coming"] for row in found["groups"]) == lacking


# --- what it costs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "statements"),
    [("dwell", 4), ("staged", 3), ("on-time", 2), ("lanes", 6), ("ahead", 6), ("flow", 3)],
)
def test_statements_do_not_grow(work: Work, name: str, statements: int) -> None:
    what = asked(work, material=work.materials[0]) if name == "flow" else asked(work)
    with CaptureQueriesContext(connection) as spent:
        assert any(FIGURES[name].count(what).tables.values())
    assert len(spent) == statements
