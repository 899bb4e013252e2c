"""Quiet hours and times of digests, by the clock on the wall."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.notices.quiet import Quiet, next_of

BERLIN = ZoneInfo("Europe/Berlin")
EVERY = frozenset(range(1, 8))
NIGHTS = Quiet(time(22), time(6), EVERY)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("asked", "ends"),
    [
        ("2026-03-10T12:00+01:00", "2026-03-10T12:00+01:00"),
        ("2026-03-10T21:59:59+01:00", "2026-03-10T21:59:59+01:00"),
        ("2026-03-10T22:00+01:00", "2026-03-11T06:00+01:00"),
        ("2026-03-11T05:59+01:00", "2026-03-11T06:00+01:00"),
        ("2026-03-11T06:00+01:00", "2026-03-11T06:00+01:00"),
        ("2026-03-28T23:00+01:00", "2026-03-29T06:00+02:00"),  # clocks go forward
        ("2026-10-24T23:00+02:00", "2026-10-25T06:00+01:00"),  # and back
    ],
)
def test_over_midnight_and_when_clocks_change(asked: str, ends: str) -> None:
    assert NIGHTS.until(at(asked), BERLIN) == at(ends)


def test_an_end_that_the_clock_skips_or_shows_twice() -> None:
    """By the clock as it was before; the first of two."""
    early = Quiet(time(22), time(2, 30), EVERY)
    assert early.until(at("2026-03-29T01:00+01:00"), BERLIN) == at("2026-03-29T03:30+02:00")
    assert early.until(at("2026-10-25T01:00+02:00"), BERLIN) == at("2026-10-25T02:30+02:00")


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    week = Quiet(time(22), time(6), frozenset(range(1, 6)), frozenset({6, 7}))
    friday = at("2026-03-13T23:00+01:00")
    assert week.until(friday, BERLIN) == at("2026-03-16T00:00+01:00")
    assert week.until(at("2026-03-16T03:00+01:00"), BERLIN) == at("2026-03-16T03:00+01:00")


def test_what_would_never_end_is_known() -> None:
    assert Quiet(off=EVERY).is_always()
    assert Quiet(time(8), time(8), EVERY).is_always()
    assert not NIGHTS.is_always()
    assert not Quiet(time(8), time(7, 59), EVERY).is_always()


def test_the_next_digest() -> None:
    times = (time(6), time(2, 30))
    assert next_of(times, at("2026-03-10T07:00+01:00"), BERLIN) == at("2026-03-11T02:30+01:00")
    assert next_of(times, at("2026-03-10T02:30+01:00"), BERLIN) == at("2026-03-10T06:00+01:00")
    assert next_of(times, at("2026-03-29T01:00+01:00"), BERLIN) == at("2026-03-29T03:30+02:00")


HALF = timedelta(minutes=30)
HALVES = st.integers(0, 47).map(lambda half: time(half // 2, half % 2 * 30))
DAYS = st.frozensets(st.integers(1, 7))


@given(
    quiet=st.builds(Quiet, HALVES, HALVES, DAYS, DAYS),
    start=st.integers(0, 7 * 48).map(lambda half: at("2026-03-26T00:00+01:00") + half * HALF),
)
def test_as_somebody_would_who_looks_at_the_clock_now_and_then(
    quiet: Quiet, start: datetime
) -> None:
    """Around the night in which clocks change: the first half hour that is not quiet."""
    if quiet.is_always():
        return
    moment = start
    while _is_quiet(quiet, moment):
        moment += HALF
    assert quiet.until(start, BERLIN) == moment


def _is_quiet(quiet: Quiet, moment: datetime) -> bool:
    """By spans of the days around it, each put together anew."""
    day = moment.astimezone(BERLIN).date()
    for begin in (day - timedelta(days=1), day):
        whole = begin.isoweekday() in quiet.off
        spans = [(time(0), time(0))] if whole else []
        if begin.isoweekday() in quiet.days and quiet.starts is not None and quiet.ends is not None:
            spans.append((quiet.starts, quiet.ends))
        for starts, ends in spans:
            last = begin + timedelta(days=int(ends <= starts))
            first = datetime.combine(begin, starts, BERLIN).timestamp()
            if first <= moment.timestamp() < datetime.combine(last, ends, BERLIN).timestamp():
                return True
    return False
