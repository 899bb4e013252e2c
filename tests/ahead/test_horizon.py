"""When this shift ends, and the next: by day, at night, when clocks change, and without shifts."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from staging.ahead.horizon import Basis, Until, horizon
from staging.dwell.working import Rules, Week
from staging.models import Shift

BERLIN = ZoneInfo("Europe/Berlin")
THREE = (
    ("Early", "12345", "06:00", "14:00"),
    ("Late", "12345", "14:00", "22:00"),
    ("Night", "1234", "22:00", "06:00"),
)


def rules(*shifts: tuple[str, str, str, str], **special: int | None) -> Rules:
    rows = [
        Shift(name=name, days=days, starts=time.fromisoformat(starts),
              ends=time.fromisoformat(ends), breaks="")
        for name, days, starts, ends in shifts
    ]  # fmt: skip
    days = {date.fromisoformat(day.replace("_", "-")[1:]): like for day, like in special.items()}
    return Rules(BERLIN, [Week(date(2020, 1, 1), rows)], days)


def ends(given: Rules, now: str, asked: Until = Until.THIS_SHIFT) -> tuple[str, str, str]:
    """When and by what, on the site's clock."""
    found = horizon(given, datetime.fromisoformat(now).replace(tzinfo=BERLIN), asked)
    local = found.until.astimezone(BERLIN)
    return f"{local:%Y-%m-%d %H:%M}", found.shift, str(found.basis)


@pytest.mark.parametrize(
    ("now", "this", "following"),
    [
        ("2026-05-20 12:00", ("2026-05-20 14:00", "Early"), ("2026-05-20 22:00", "Late")),
        ("2026-05-20 14:00", ("2026-05-20 22:00", "Late"), ("2026-05-21 06:00", "Night")),
        ("2026-05-20 23:30", ("2026-05-21 06:00", "Night"), ("2026-05-21 14:00", "Early")),
        ("2026-05-21 02:00", ("2026-05-21 06:00", "Night"), ("2026-05-21 14:00", "Early")),
    ],
)
def test_by_day_and_at_night(now: str, this: tuple[str, str], following: tuple[str, str]) -> None:
    assert ends(rules(*THREE), now) == (*this, Basis.SHIFT)
    assert ends(rules(*THREE), now, Until.NEXT_SHIFT) == (*following, Basis.COMING_SHIFT)


def test_between_shifts_the_coming_one_is_this_one() -> None:
    friday_night = "2026-05-22 23:00"  # no night shift starts on Fridays
    assert ends(rules(*THREE), friday_night) == ("2026-05-25 14:00", "Early", Basis.COMING_SHIFT)
    later = ends(rules(*THREE), friday_night, Until.NEXT_SHIFT)
    assert later == ("2026-05-25 22:00", "Late", Basis.COMING_SHIFT)


def test_a_holiday_has_no_shift_and_an_extra_day_has_those_of_its_like() -> None:
    given = rules(*THREE, d2026_05_25=None, d2026_05_23=5)
    assert ends(given, "2026-05-22 23:00")[:2] == ("2026-05-23 14:00", "Early")
    assert ends(given, "2026-05-24 12:00")[:2] == ("2026-05-26 14:00", "Early")


def test_of_shifts_that_overlap_the_one_that_began_last_is_on() -> None:
    given = rules(("Day", "3", "06:00", "18:00"), ("Late", "3", "11:00", "19:00"),
                  ("Half", "3", "11:00", "15:00"), ("Night", "3", "18:00", "06:00"))  # fmt: skip
    assert ends(given, "2026-05-20 10:59")[:2] == ("2026-05-20 18:00", "Day")
    assert ends(given, "2026-05-20 11:00")[:2] == ("2026-05-20 15:00", "Half")
    # A shift that began together with it does not follow it.
    assert ends(given, "2026-05-20 12:00", Until.NEXT_SHIFT)[:2] == ("2026-05-21 06:00", "Night")


def test_in_the_night_in_which_clocks_change_a_shift_is_as_long_as_it_is() -> None:
    given = rules(("Night", "6", "22:00", "06:00"))
    for evening, hours in (("2026-03-28 22:00", 7), ("2026-10-24 22:00", 9)):
        now = datetime.fromisoformat(evening).replace(tzinfo=BERLIN)
        found = horizon(given, now, Until.THIS_SHIFT)
        assert found.until.timestamp() - now.timestamp() == hours * 3600
        assert f"{found.until.astimezone(BERLIN):%H:%M}" == "06:00"


@pytest.mark.parametrize(
    ("given", "basis"),
    [
        (Rules(BERLIN, [], {}), Basis.NO_CALENDAR),
        (Rules(BERLIN, [Week(date(2026, 6, 1), [])], {}), Basis.NO_CALENDAR),
        (rules(), Basis.NO_SHIFT),
    ],
)
def test_without_shifts_eight_hours_stand_for_one(given: Rules, basis: Basis) -> None:
    assert ends(given, "2026-05-20 12:00") == ("2026-05-20 20:00", "", basis)
    assert ends(given, "2026-05-20 12:00", Until.NEXT_SHIFT) == ("2026-05-21 04:00", "", basis)


def test_a_time_is_kept_to_what_lies_ahead() -> None:
    now = datetime.fromisoformat("2026-05-20T12:00:00+02:00")
    for asked, until in ((5, 5), (-1, 0), (400, 24 * 7)):
        found = horizon(rules(*THREE), now, Until.TIME, now + timedelta(hours=asked))
        assert (found.until - now, found.basis) == (timedelta(hours=until), Basis.TIME)
