"""How far ahead is looked: to the end of this shift, of the next one, or to a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from inventory.fields import Words
from staging.dwell.working import A_DAY, Rules, Span

WITHOUT_SHIFTS = timedelta(hours=8)
"""What counts as a shift where no calendar says what one is."""

FARTHEST = timedelta(days=7)
DAYS = 15
"""How many days ahead a shift is looked for."""


class Until(TextChoices):
    """What a horizon is asked by."""

    THIS_SHIFT = "this_shift", _("the end of this shift")
    NEXT_SHIFT = "next_shift", _("the end of the next shift")
    TIME = "time", _("a time")


class Basis(TextChoices):
    """How a horizon came about."""

    SHIFT = "shift", _("By the site's calendar: the end of a shift that is on.")
    COMING_SHIFT = "coming_shift", _("By the site's calendar: the end of a shift to come.")
    NO_CALENDAR = "no_calendar", _("The site has no calendar: eight hours stand for a shift.")
    NO_SHIFT = "no_shift", _("No shift starts for two weeks: eight hours stand for one.")
    TIME = "time", _("As it was asked.")


@dataclass(frozen=True, slots=True)
class Horizon:
    """From now to `until`, and why until then. `shift` is its name, where there is one."""

    now: datetime
    until: datetime
    basis: Basis
    shift: str = ""

    @property
    def words(self) -> Words:
        return self.basis.label


def horizon(rules: Rules, now: datetime, asked: Until, at: datetime | None = None) -> Horizon:
    """The horizon that is asked for, by the shifts of a site's calendar. `at` is the time, where
    one is asked for: nothing before now, and nothing beyond a week."""
    if asked == Until.TIME:
        return Horizon(now, min(max(at or now, now), now + FARTHEST), Basis.TIME)
    number = 1 if asked == Until.NEXT_SHIFT else 0
    fallback = now + WITHOUT_SHIFTS * (number + 1)
    today = now.astimezone(rules.zone).date()
    if not any(week.valid_from <= today for week in rules.weeks):
        return Horizon(now, fallback, Basis.NO_CALENDAR)
    shifts = list(_from_now_on(rules.spans(today - A_DAY, today + A_DAY * DAYS), now))
    if len(shifts) <= number:
        return Horizon(now, fallback, Basis.NO_SHIFT)
    shift = shifts[number]
    basis = Basis.SHIFT if shift.starts <= now else Basis.COMING_SHIFT
    return Horizon(now, shift.ends, basis, shift.name)


def _from_now_on(spans: Iterator[Span], now: datetime) -> Iterator[Span]:
    """The shift that is on, or else the next, and those that follow it.

    Of several that are on, the one that began last is this shift, and of those that began
    together the one that ends first. Each that follows starts later and ends later.
    """
    coming = sorted(spans, key=lambda span: (span.starts, span.ends))
    on = [span for span in coming if span.starts <= now < span.ends]
    last: Span | None = None
    if on:
        began = max(span.starts for span in on)
        last = _first_to_end([span for span in on if span.starts == began])
        yield last
    for span in coming:
        follows = last is None or (span.starts > last.starts and span.ends > last.ends)
        if span.starts > now and follows:
            last = span
            yield span


def _first_to_end(spans: Sequence[Span]) -> Span:
    return min(spans, key=lambda span: span.ends)
