"""Days that are kept: what is counted is what plain Python makes of the same records."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given
from hypothesis import strategies as st

from inventory import actions as stock
from inventory.models import Site
from staging import actions as staging
from staging import tasks
from staging.dwell.calendars import rules_of
from staging.models import (
    Alert,
    AlertStep,
    ClaimChange,
    Commitment,
    DayNumber,
    DaySnapshot,
    Demand,
    Measure,
    Requirement,
    Shift,
    SiteCalendar,
)
from staging.numbers import trends
from staging.numbers.asked import OUTSIDE, Asked
from staging.numbers.daily import keeping, spans, sums
from staging.numbers.daily.counting import STANDING, Day, count_day
from staging.numbers.period import Length, Period
from tests.numbers.work import Work
from tests.plant import Plant

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
Key = tuple[Any, ...]


def kept(measure: Measure, *columns: str, **only: Any) -> Counter[Key]:
    """What is kept of a measure, by columns."""
    found: Counter[Key] = Counter()
    rows = DayNumber.objects.filter(measure=measure, **only)
    for *key, number in rows.values_list(*columns, "number"):
        found[tuple(key)] += number
    return found


EACH = ("snapshot__day", "area", "material", "kind")


def key_of(row: Commitment, day: date) -> Key:
    return (day, row.location.parent_id or row.location_id, row.lot.material_id,
            row.requirement.demand.kind)  # fmt: skip


def positions() -> list[Commitment]:
    rows = Commitment.objects.filter(state="staged")
    return list(rows.select_related("location", "lot", "requirement__demand"))


def stale(row: Commitment, by: datetime) -> bool:
    limit = row.due_at
    return bool(limit and limit <= by) or row.requirement.demand.needed_at <= by


def days_of(work: Work) -> list[date]:
    """All days of its work that are over."""
    first = (work.now - timedelta(days=14)).date()
    return [first + timedelta(days=n) for n in range(14)]


@pytest.fixture
def counted(work: Work) -> Work:
    for day in days_of(work):
        count_day(work.plant.site, day, at=work.now)
    return work


# --- against brute force ------------------------------------------------------------------------


def test_positions_that_left(counted: Work) -> None:
    left = [
        row for row in positions() if row.closed_at and row.closed_at.date() < counted.now.date()
    ]
    assert len(left) > 10
    assert kept(Measure.LEFT, *EACH, "span") == Counter(
        (*key_of(row, row.closed_at.date()), spans.step_of(row.closed_at - row.since))
        for row in left if row.closed_at
    )  # fmt: skip
    assert kept(Measure.LEFT_OVER, *EACH) == Counter(
        key_of(row, row.closed_at.date())
        for row in left if row.closed_at and row.due_at and row.due_at < row.closed_at
    )  # fmt: skip
    assert kept(Measure.LEFT_STALE, *EACH) == Counter(
        key_of(row, row.closed_at.date())
        for row in left if row.closed_at and stale(row, row.closed_at)
    )  # fmt: skip


def test_what_stood_at_the_end_of_each_day(counted: Work) -> None:
    """By what was seen then: what had moved to another lane since counts where it stood.

    Not compared is what a line got from other demands more than once: the records do not say which
    of its positions came when, once they have all come.
    """
    got = Counter(ClaimChange.objects.filter(quantity__gt=0).values_list("requirement", flat=True))
    unsure = {key_of(row, date.min)[1:] for row in positions() if got[row.requirement_id] > 1}
    expected: Counter[Key] = Counter()
    gone_stale: Counter[Key] = Counter()
    for day in days_of(counted):
        end = datetime.combine(day + DAY, time(0), UTC)
        there = counted.standing_at(end)
        expected.update(key_of(row, day) for row in there)
        gone_stale.update(key_of(row, day) for row in there if stale(row, end))

    def sure(found: Counter[Key]) -> dict[Key, int]:
        return {key: number for key, number in found.items() if key[1:] not in unsure}

    assert sum(sure(expected).values()) > 10
    assert sure(kept(Measure.STANDING, *EACH)) == sure(expected)
    assert sure(kept(Measure.STANDING_STALE, *EACH)) == sure(gone_stale)


def test_lines_that_were_due(counted: Work) -> None:
    lines = Requirement.objects.filter(
        demand__needed_at__lt=datetime.combine(counted.now.date(), time(0), UTC)
    ).select_related("demand")
    due = Counter((line.demand.needed_at.date(), line.material_id, line.demand.kind)
                  for line in lines)  # fmt: skip
    on_time = Counter(
        (line.demand.needed_at.date(), line.material_id, line.demand.kind)
        for line in lines if counted.staged_at(line.pk, line.demand.needed_at) >= line.quantity
    )  # fmt: skip
    assert due.total() > 5
    assert kept(Measure.LINES_DUE, "snapshot__day", "material", "kind") == due
    assert kept(Measure.LINES_ON_TIME, "snapshot__day", "material", "kind") == on_time


def exact(found: Iterable[timedelta], part: tuple[int, int]) -> timedelta | None:
    ordered = sorted(found)
    return ordered[ceil(len(ordered) * part[0] / part[1]) - 1] if ordered else None


def close(told: timedelta | None, true: timedelta | None) -> bool:
    if told is None or true is None:
        return told is true
    if true < spans.FIRST:
        return abs(told - true) <= spans.FIRST / 2
    return abs(told - true) <= true * spans.ERROR


def test_percentiles_of_any_days(counted: Work) -> None:
    """Within the error that is promised, of what is asked for: the live figures are exact."""
    narrower: list[dict[str, Any]] = [
        {}, {"material": counted.materials[0]}, {"kind": "production"},
        {"within": counted.plant.l1},
    ]  # fmt: skip
    for length, by in product((Length.WEEK, Length.MONTH), narrower):
        period = Period.of(length, counted.now.date() - DAY, ZoneInfo("UTC"))
        asked = Asked(counted.now, period, **by)
        found, live = trends.counted(asked).tables, trends.dwell.counted(asked).tables
        assert len(found["dwell"]) == len(live["trend"])
        for told, true in zip(found["dwell"], live["trend"], strict=True):
            assert (told["positions"], told["over"]) == (true["positions"], true["over"])
            assert close(told["median"], true["median"])
            assert close(told["ninth"], true["ninth"])
        left = sum(row["positions"] for row in live["lanes"])
        assert sum(row["positions"] for row in found["values"]) == left


def test_a_day_is_what_the_live_figures_say_of_it(counted: Work) -> None:
    """Stale: of what stood in a lane on that day. The live figure takes what has moved on since
    to have stood in its lane of today before; so it is compared where nothing did."""
    from staging.numbers import lanes

    compared = 0
    for day in days_of(counted):
        asked = Asked(counted.now, Period.of(Length.DAY, day, ZoneInfo("UTC")))
        live = lanes.counted(asked).tables["stale"]
        rows = sums.whole(asked)
        stood = sum(row["positions"] for row in live)
        if rows.total(Measure.LEFT, Measure.STANDING) == stood:
            compared += bool(stood)
            assert rows.total(Measure.LEFT_STALE, Measure.STANDING_STALE) == sum(
                row["stale"] for row in live
            )
    assert compared > 3


# --- spans --------------------------------------------------------------------------------------

SPAN = st.integers(0, 400 * 86_400_000_000).map(lambda micros: timedelta(microseconds=micros))
PARTS = st.sampled_from([spans.HALF, spans.NINTH, (1, 100), (99, 100), (1, 1)])


@given(st.lists(st.one_of(SPAN, st.integers(0, 7200).map(lambda n: timedelta(seconds=n)))), PARTS)
@example([timedelta(minutes=10), timedelta(minutes=100)], (1, 1))
def test_a_kept_percentile_is_within_its_error(
    found: list[timedelta], part: tuple[int, int]
) -> None:
    numbers = Counter(spans.step_of(span) for span in found)
    assert close(spans.percentile(numbers, part), exact(found, part))


def test_the_database_keeps_spans_as_python_does(plant: Plant) -> None:
    """Also on the bounds: they are ten minutes, a hundred minutes …"""
    lot, order = plant.lot(100), plant.order((plant.material(), 1))
    line = order.requirements.get()
    micros = [0, 1, 59_999_999, 60_000_000, 61_000_000, 66_042_000, 66_043_000, 600_000_000]
    micros += [6_000_000_000, 60_000_000_000, 3_599_999_999, 86_400_000_000, 10**13, 10**15]
    end = datetime(2026, 6, 1, tzinfo=UTC)
    Commitment.objects.bulk_create(
        Commitment(requirement=line, lot=lot, location=plant.l1, state="staged", quantity=0,
                   since=end - timedelta(microseconds=number), closed_at=end)
        for number in micros
    )  # fmt: skip
    took = ExpressionWrapper(F("closed_at") - F("since"), output_field=DurationField())
    rows = Commitment.objects.annotate(took=took).annotate(step=spans.Step("took"))
    found = dict(rows.values_list("took", "step"))
    assert found == {span: spans.step_of(span) for span in found}
    assert len(found) == len(micros)


# --- days, shifts, clocks -----------------------------------------------------------------------


def passed(plant: Plant, *stays: tuple[datetime, datetime]) -> None:
    """Positions that came and left at these times, each of its own lot."""
    lot, material = plant.lot(1000), plant.material()
    line = plant.order((material, 1), needed_at=datetime(2027, 1, 1, tzinfo=UTC)).requirements.get()
    Commitment.objects.bulk_create(
        Commitment(requirement=line, lot=lot, location=plant.l1, state="staged", quantity=0,
                   since=since, closed_at=closed)
        for since, closed in stays
    )  # fmt: skip


def at(text: str, zone: ZoneInfo = COPENHAGEN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def in_zone(plant: Plant, zone: str) -> Site:
    Site.objects.filter(pk=plant.site.pk).update(time_zone=zone)
    plant.site.refresh_from_db()
    return plant.site


def shifts(plant: Plant, *named: tuple[str, str, str]) -> None:
    row = SiteCalendar.objects.create(site=plant.site, valid_from=date(2026, 1, 1))
    for name, starts, ends in named:
        Shift.objects.create(
            calendar=row, name=name, days="1234567", starts=time.fromisoformat(starts),
            ends=time.fromisoformat(ends), breaks="",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-10-25", 25), ("2026-03-29", 23), ("2026-06-01", 24)]
)
def test_a_day_is_as_long_as_it_is_at_its_site(plant: Plant, day: str, hours: int) -> None:
    """Each hour of the day holds one that left; those of the hours before and after are not its."""
    site, chosen = in_zone(plant, "Europe/Copenhagen"), date.fromisoformat(day)
    start = at(day).astimezone(UTC)
    passed(plant, *((start - HOUR, start + HOUR * n) for n in range(-2, hours + 2)))
    whole = Day.of(site, chosen, rules_of(site))
    assert whole.end - whole.start == HOUR * hours
    count_day(site, chosen, at=start + 2 * DAY)
    assert kept(Measure.LEFT, "snapshot__day") == {(chosen,): hours}


def test_a_night_shift_reaches_into_the_next_day(plant: Plant) -> None:
    """By its name on either day; also over the night in which clocks are put back."""
    site = in_zone(plant, "Europe/Copenhagen")
    shifts(plant, ("Day", "06:00", "18:00"), ("Night", "22:00", "06:00"))
    since = at("2026-10-24T01:00")
    moments = ["2026-10-24T05:59", "2026-10-24T06:00", "2026-10-24T17:59", "2026-10-24T18:00",
               "2026-10-24T22:00", "2026-10-25T00:00", "2026-10-25T02:30", "2026-10-25T05:59",
               "2026-10-25T06:00"]  # fmt: skip
    passed(plant, *((since, at(moment)) for moment in moments))
    for day in (date(2026, 10, 24), date(2026, 10, 25)):
        count_day(site, day, at=at("2026-10-27"))
    assert kept(Measure.LEFT, "snapshot__day", "shift") == {
        (date(2026, 10, 24), "Night"): 2, (date(2026, 10, 24), "Day"): 2,
        (date(2026, 10, 24), ""): 1,
        (date(2026, 10, 25), "Night"): 3, (date(2026, 10, 25), "Day"): 1,
    }  # fmt: skip


def test_where_shifts_overlap_the_earlier_counts(plant: Plant) -> None:
    site = in_zone(plant, "Europe/Copenhagen")
    shifts(plant, ("Late", "13:30", "22:00"), ("Early", "06:00", "14:00"))
    passed(plant, (at("2026-06-01T01:00"), at("2026-06-01T13:45")))
    count_day(site, date(2026, 6, 1), at=at("2026-06-03"))
    assert kept(Measure.LEFT, "shift") == {("Early",): 1}


# --- alerts -------------------------------------------------------------------------------------


def test_alerts_count_when_something_happens_to_them(plant: Plant) -> None:
    """An alert that is raised again begins anew: times count from the last raising."""
    material = plant.material()
    lot, order = plant.lot(10, material=material), plant.order((material, 5))
    alert = Alert.objects.create(
        reason="demand_short", site=plant.site, demand=order, lot=lot, location=plant.l1,
        raised_at=at("2026-06-01T08:00", ZoneInfo("UTC")),
    )  # fmt: skip
    assert [step.kind for step in alert.steps.all()] == ["raised"]  # by a trigger
    happened = [
        ("escalated", "2026-06-01T09:00"),
        ("acknowledged", "2026-06-01T10:00"), ("closed", "2026-06-01T12:00"),
        ("reopened", "2026-06-02T08:00"), ("acknowledged", "2026-06-02T08:30"),
        ("closed", "2026-06-03T08:00"),
    ]  # fmt: skip
    AlertStep.objects.bulk_create(
        AlertStep(alert=alert, kind=kind, level=1, at=at(moment, ZoneInfo("UTC")))
        for kind, moment in happened
    )
    for number in (1, 2, 3):
        count_day(plant.site, date(2026, 6, number), at=at("2026-06-10"))
    columns = ("snapshot__day", "area", "material", "kind", "span")
    here = (plant.l1.pk, material.pk, "production")

    def took(hours: float) -> int:
        return spans.step_of(timedelta(hours=hours))

    first, second, third = (date(2026, 6, number) for number in (1, 2, 3))
    assert kept(Measure.RAISED, *columns) == {(first, *here, 0): 1}
    assert kept(Measure.ESCALATED, *columns) == {(first, *here, 0): 1}
    assert kept(Measure.REOPENED, *columns) == {(second, *here, 0): 1}
    assert kept(Measure.ACKNOWLEDGED, *columns) == {
        (first, *here, took(2)): 1, (second, *here, took(0.5)): 1
    }  # fmt: skip
    assert kept(Measure.CLEARED, *columns) == {
        (first, *here, took(4)): 1, (third, *here, took(24)): 1
    }  # fmt: skip


# --- which days ---------------------------------------------------------------------------------


def everything() -> set[Key]:
    columns = ("snapshot__site", "snapshot__day", "measure", "area", "material", "shift", "kind",
               "span", "number")  # fmt: skip
    rows = list(DayNumber.objects.values_list(*columns))
    assert len(rows) == len(set(rows))
    return set(rows)


def test_a_day_counted_twice_is_the_same(counted: Work) -> None:
    before = everything()
    for day in days_of(counted):
        count_day(counted.plant.site, day, at=counted.now)
    assert everything() == before


def test_days_are_counted_once_they_are_over_at_their_site(plant: Plant) -> None:
    """Nothing before; and what was missed is made up for."""
    early = in_zone(plant, "Pacific/Auckland")
    other = Plant()
    late = in_zone(other, "Pacific/Honolulu")
    with time_machine.travel(datetime(2026, 6, 10, 12, 30, tzinfo=UTC)):
        plant.lot(1)
        other.lot(1)
        assert tasks.count_days() == {"counted": 0, "left": 0, "forgotten": 0}

    def days(site: Site) -> list[date]:
        return list(DaySnapshot.objects.filter(site=site).order_by("day")
                    .values_list("day", flat=True))  # fmt: skip

    with time_machine.travel(datetime(2026, 6, 11, 12, 9, tzinfo=UTC)):
        tasks.count_days()  # nine minutes into the 12th there: not settled yet
    assert (days(early), days(late)) == ([], [date(2026, 6, 10)])
    with time_machine.travel(datetime(2026, 6, 15, 12, 11, tzinfo=UTC)):
        assert tasks.count_days()["counted"] == 9
        assert tasks.count_days()["counted"] == 0
    assert days(early) == [date(2026, 6, 11) + DAY * n for n in range(5)]
    assert days(late) == [date(2026, 6, 10) + DAY * n for n in range(5)]


def staged(plant: Plant, moment: datetime) -> tuple[Demand, Any]:
    material = plant.material()
    lot = plant.lot(50, material=material)
    order = plant.order((material, 40), needed_at=plant.now + HOUR)
    line = staging.Staging(demand=order, lot=lot, lane=plant.l1, quantity=Decimal(40))
    staging.stage(lines=[line], by=plant.operator, at=moment)
    return order, lot


def test_what_is_recorded_late_counts_when_it_happened(plant: Plant) -> None:
    first = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
    with time_machine.travel(first):
        order, lot = staged(plant, first)
    with time_machine.travel(datetime(2026, 6, 11, 1, 0, tzinfo=UTC)):
        tasks.count_days()
    tenth = {"snapshot__day": date(2026, 6, 10)}
    assert kept(Measure.LEFT, "span", **tenth) == {}
    assert kept(Measure.STANDING, "span", **tenth) == {(0,): 1}
    with time_machine.travel(datetime(2026, 6, 11, 9, 0, tzinfo=UTC)):
        issue = staging.Issue(demand=order, lot=lot)
        staging.issue(lines=[issue], by=plant.operator, at=first + 5 * HOUR)  # from paper
    with time_machine.travel(datetime(2026, 6, 11, 9, 12, tzinfo=UTC)):
        assert tasks.count_days()["counted"] == 1
        assert tasks.count_days()["counted"] == 0
    assert kept(Measure.LEFT, "span", **tenth) == {(spans.step_of(5 * HOUR),): 1}
    assert kept(Measure.STANDING, "span", **tenth) == {(0,): 1}, "as it was known that night"


def test_a_reversal_takes_nothing_from_the_day_of_what_it_reverses(plant: Plant) -> None:
    first = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
    with time_machine.travel(first):
        order, lot = staged(plant, first)
        line = staging.Issue(demand=order, lot=lot)
        [issued] = staging.issue(lines=[line], by=plant.operator, at=first).movements
    with time_machine.travel(datetime(2026, 6, 11, 1, 0, tzinfo=UTC)):
        tasks.count_days()
        before = everything()
        back = stock.Reversal(movement=issued, reason="slip")
        staging.reverse(lines=[back], by=plant.operator, at=plant.now)
        assert count_day(plant.site, date(2026, 6, 10), at=plant.now)
        assert everything() == before


def test_a_demand_that_is_put_off_afterwards_is_judged_anew(plant: Plant) -> None:
    """As the live figures do: a line is due when its demand says today."""
    needed = datetime(2026, 6, 10, 18, 0, tzinfo=UTC)
    with time_machine.travel(datetime(2026, 6, 10, 12, 0, tzinfo=UTC)):
        order = plant.order((plant.material(), 40), needed_at=needed)
    with time_machine.travel(datetime(2026, 6, 12, 1, 0, tzinfo=UTC)):
        tasks.count_days()
        assert kept(Measure.LINES_DUE, "snapshot__day") == {(date(2026, 6, 10),): 1}
        change = staging.DemandChange(demand=order, needed_at=needed + DAY, reason="put off")
        staging.change_demand(lines=[change], by=plant.operator, at=plant.now)
    with time_machine.travel(datetime(2026, 6, 12, 1, 12, tzinfo=UTC)):
        assert tasks.count_days()["counted"] == 2
    assert kept(Measure.LINES_DUE, "snapshot__day") == {(date(2026, 6, 11),): 1}
    assert kept(Measure.LINES_ON_TIME, "snapshot__day") == {}


def test_old_days_are_given_up(work: Work, settings: Any) -> None:
    settings.NUMBERS_DAYS = 5
    for day in days_of(work):
        count_day(work.plant.site, day, at=work.now)
    assert keeping.forget(work.now) == 9
    assert min(DaySnapshot.objects.values_list("day", flat=True)) == work.now.date() - 5 * DAY


def test_a_command_counts_further_back(work: Work, capsys: Any) -> None:
    with time_machine.travel(work.now):
        call_command("count_days", "--since", "2026-06-01", "--site", work.plant.site.code)
    assert f"{work.plant.site.code}: 9 days" in capsys.readouterr().out
    assert DaySnapshot.objects.count() == 9


def test_statements_do_not_grow(counted: Work) -> None:
    day = counted.now.date() - DAY
    with CaptureQueriesContext(connection) as spent:
        count_day(counted.plant.site, day, at=counted.now, rules=rules_of(counted.plant.site))
    names = [query["sql"] for query in spent if "staging_daynumber" in query["sql"]]
    assert len(names) == 1 + len(Measure) - len(STANDING)
    assert len(spent) <= len(names) + 7


def test_by_shift_what_stands_is_left_out(plant: Plant) -> None:
    shifts(plant, ("Day", "06:00", "18:00"))
    day = date(2026, 6, 1)
    utc = ZoneInfo("UTC")
    passed(plant, (at("2026-06-01T01:00", utc), at("2026-06-01T07:00", utc)),
           (at("2026-06-01T01:00", utc), at("2026-06-01T20:00", utc)),
           (at("2026-06-01T01:00", utc), at("2026-06-02T20:00", utc)))  # fmt: skip
    count_day(plant.site, day, at=at("2026-06-03", utc))
    period = Period.of(Length.WEEK, day, utc)
    asked = Asked(at("2026-06-03", utc), period, by="shift")
    found, _more = sums.by_value(asked)
    seen = (Measure.LEFT, Measure.STANDING)
    assert {shift: tally.total(*seen) for shift, tally in found.items()} == {"Day": 1, "": 1}
    for shift, left in (("Day", 1), (OUTSIDE, 1), ("", 3)):
        whole = sums.whole(Asked(asked.now, period, shift=shift))
        assert whole.total(Measure.LEFT, Measure.STANDING) == left
