"""Working time, against a counter that walks from minute to minute."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from staging.dwell.working import Rules, Timeline, Week, open_ended
from staging.models import Shift
from staging.models.calendars import read_breaks

ZONES = {
    "UTC": date(2026, 5, 28),
    "Europe/Berlin": date(2026, 3, 27),
    "America/New_York": date(2026, 10, 30),
    "Asia/Kolkata": date(2026, 5, 28),
    "Australia/Lord_Howe": date(2026, 4, 3),
}
"""Places, and a day from which on something happens there within five: their clocks are put forward
or back (on Lord Howe by half an hour), or a month ends."""

DAYS = 5
A_DAY = timedelta(days=1)
A_MINUTE = timedelta(minutes=1)


def shift(days: str, starts: str, ends: str, breaks: str = "") -> Shift:
    begins, stops = time.fromisoformat(starts), time.fromisoformat(ends)
    return Shift(name="S", days=days, starts=begins, ends=stops, breaks=breaks)


def rules(*shifts: Shift, zone: str = "Europe/Berlin", **more: object) -> Rules:
    special = more.get("special", {})
    return Rules(ZoneInfo(zone), [Week(date(2020, 1, 1), shifts)], special)  # type: ignore[arg-type]


def timeline(said: Rules, first: date, last: date) -> Timeline:
    found = said.stretches(first, last)
    return Timeline.of(open_ended(found, said.midnight(first), said.midnight(last + A_DAY)))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- a counter that knows nothing of stretches --------------------------------------------------


def is_worked(said: Rules, minute: datetime) -> bool:
    """Whether some shift of that day or the one before holds the minute, and none of its breaks."""
    local = minute.astimezone(said.zone).date()
    for day in (local - A_DAY, local, local + A_DAY):
        weekday = said.special.get(day, day.isoweekday())
        for one in said.weeks[0].shifts:
            if weekday and str(weekday) in one.days and holds(said, one, day, minute):
                return True
    return False


def holds(said: Rules, one: Shift, day: date, minute: datetime) -> bool:
    def at(clock: time, *, next_day: bool) -> datetime:
        on = day + A_DAY if next_day else day
        return datetime.combine(on, clock, said.zone).astimezone(UTC)

    over_midnight = one.ends <= one.starts
    if not at(one.starts, next_day=False) <= minute < at(one.ends, next_day=over_midnight):
        return False
    return not any(
        at(each.starts, next_day=each.starts < one.starts)
        <= minute
        < at(each.ends, next_day=each.ends <= one.starts)
        for each in read_breaks(one.breaks)
    )


def minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += A_MINUTE


@st.composite
def shifts(draw: st.DrawFn) -> Shift:
    """A shift of up to a day, with up to two breaks in it, on some days."""
    days = "".join(sorted(draw(st.sets(st.sampled_from("1234567"), min_size=1))))
    begins = draw(st.integers(0, 1439))
    length = draw(st.integers(2, 1440))
    cuts = sorted(draw(st.sets(st.integers(1, length - 1), max_size=4))) if length > 2 else []
    pairs = zip(cuts[::2], cuts[1::2], strict=False)

    def clock(minute: int) -> str:
        return f"{minute // 60 % 24:02}:{minute % 60:02}"

    breaks = ", ".join(f"{clock(begins + a)}-{clock(begins + b)}" for a, b in pairs)
    return shift(days, clock(begins), clock(begins + length), breaks)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(shifts(), max_size=3),
    st.sampled_from(sorted(ZONES)),
    st.dictionaries(
        st.integers(0, DAYS - 1), st.one_of(st.none(), st.integers(1, 7)), max_size=3
    ),
    st.integers(0, DAYS * 1440 - 1),
    st.integers(1, 3000),
)  # fmt: skip
def test_it_agrees_with_a_counter_of_minutes(
    some: list[Shift], zone: str, days: dict[int, int | None], offset: int, wanted: int
) -> None:
    first = ZONES[zone]
    special = {first + timedelta(days=number): like for number, like in days.items()}
    said = rules(*some, zone=zone, special=special)
    line = timeline(said, first, first + timedelta(days=DAYS - 1))
    begins, ends = said.midnight(first), said.midnight(first + timedelta(days=DAYS))
    start = min(begins + timedelta(minutes=offset), ends - A_MINUTE)
    worked = [minute for minute in minutes(start, ends) if is_worked(said, minute)]
    assert line.between(start, ends) == len(worked) * A_MINUTE
    due = line.after(start, wanted * A_MINUTE)
    if wanted <= len(worked):
        assert due == worked[wanted - 1] + A_MINUTE
    else:  # beyond what is known, all time counts
        assert due == ends + (wanted - len(worked)) * A_MINUTE
    assert line.between(start, due) == wanted * A_MINUTE


# --- what people ask about ----------------------------------------------------------------------

NIGHT = shift("12345", "22:00", "06:00")


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-05-18T20:00", 8, "2026-05-19T04:00"),  # Monday 22:00 in Berlin: the night through
        ("2026-05-18T23:00", 8, "2026-05-19T23:00"),  # an hour of the next night as well
        ("2026-05-22T23:00", 8, "2026-05-25T23:00"),  # Friday's night ends on Saturday, then Monday
        ("2026-03-27T21:30", 8, "2026-03-30T20:30"),  # still winter on Friday, summer on Monday
    ],
)
def test_a_night_shift_belongs_to_the_day_it_starts_on(start: str, hours: int, due: str) -> None:
    line = timeline(rules(NIGHT), date(2026, 3, 1), date(2026, 6, 30))
    assert line.after(utc(start), timedelta(hours=hours)) == utc(due)


@pytest.mark.parametrize(
    ("night", "worked"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-05-16", 8)]
)
def test_the_night_in_which_clocks_change_is_as_long_as_it_is(night: str, worked: int) -> None:
    said = rules(shift("6", "22:00", "06:00"))
    day = date.fromisoformat(night)
    line = timeline(said, day - A_DAY, day + 2 * A_DAY)
    noon = datetime.combine(day, time(12), said.zone)
    assert line.between(noon, noon + A_DAY) == timedelta(hours=worked)


def test_a_holiday_starts_no_shift_and_an_extra_day_works_like_another() -> None:
    day = shift("12345", "06:00", "14:00", "09:00-09:30")
    special = {date(2026, 5, 25): None, date(2026, 5, 30): 5}
    said = rules(day, NIGHT, zone="UTC", special=special)
    line = timeline(said, date(2026, 5, 1), date(2026, 6, 30))
    assert line.between(utc("2026-05-25T00:00"), utc("2026-05-26T00:00")) == timedelta(0)
    assert line.between(utc("2026-05-30T06:00"), utc("2026-05-31T06:00")) == timedelta(hours=15.5)


def test_a_new_calendar_counts_from_its_day_on_and_nothing_before_the_first() -> None:
    early, late = shift("1234567", "06:00", "14:00"), shift("1234567", "08:00", "12:00")
    weeks = [Week(date(2026, 5, 4), [early]), Week(date(2026, 5, 11), [late])]
    said = Rules(ZoneInfo("UTC"), weeks, {})
    assert said.stretches(date(2026, 5, 1), date(2026, 5, 3)) == []
    found = said.stretches(date(2026, 5, 10), date(2026, 5, 11))
    assert [end - start for start, end in found] == [timedelta(hours=8), timedelta(hours=4)]


def test_where_no_work_is_known_a_due_time_comes_out_all_the_same() -> None:
    said = rules(zone="UTC")
    line = timeline(said, date(2026, 5, 1), date(2026, 5, 31))
    assert line.after(utc("2026-05-20T12:00"), timedelta(hours=4)) == utc("2026-06-01T04:00")
    assert line.after(utc("2026-04-30T22:00"), timedelta(hours=4)) == utc("2026-06-01T02:00")
    assert line.after(utc("2030-01-01T00:00"), timedelta(hours=4)) == utc("2030-01-01T04:00")


@pytest.mark.parametrize("breaks", ["noon", "12:00", "25:00-26:00", "12:00-12:30;13:00-13:10"])
def test_what_is_no_break_is_refused(breaks: str) -> None:
    with pytest.raises(ValidationError):
        read_breaks(breaks)


@pytest.mark.parametrize(
    ("one", "fits"),
    [
        (shift("1", "22:00", "06:00", "02:00-02:30, 23:50-00:10"), True),
        (shift("1", "22:00", "06:00", "05:30-06:00"), True),
        (shift("1", "22:00", "06:00", "06:00-06:30"), False),
        (shift("1", "06:00", "14:00", "13:30-14:30"), False),
        (shift("1", "06:00", "06:00", "05:00-06:00"), False),
    ],
)
def test_breaks_lie_within_their_shift(one: Shift, fits: bool) -> None:
    if fits:
        one.clean()
    else:
        with pytest.raises(ValidationError) as caught:
            one.clean()
        assert set(caught.value.message_dict) == {"breaks"}
