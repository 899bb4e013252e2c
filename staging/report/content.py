"""What the report of a week says of each site: the numbers of that week, the one before, a quarter.

Read from what is kept of days, in a fixed number of statements for each site.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from inventory.models import Site
from inventory.zones import zone_of
from staging.numbers.asked import Asked
from staging.numbers.daily import sums
from staging.numbers.daily.sums import Tally
from staging.numbers.period import Length, Period
from staging.report.weeks import Week

TOLD_BY = ("area", "material", "shift", "kind")
MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class Told:
    """The week by one of the things that it is told apart by: values with what is behind them."""

    by: str
    values: list[tuple[Any, Any, Tally]]
    more: bool


@dataclass(frozen=True, slots=True)
class OfSite:
    """One site's part. `weeks` are the thirteen that end with the one reported, by their Mondays.
    `missing` says how many days of the week have not been counted."""

    site: Site
    weeks: list[tuple[date, Tally]]
    told: list[Told]
    missing: int

    @property
    def now(self) -> Tally:
        return self.weeks[-1][1]

    @property
    def before(self) -> Tally:
        return self.weeks[-2][1]


@dataclass(frozen=True, slots=True)
class Report:
    week: Week
    sites: list[OfSite]


def gather(week: Week, sites: Iterable[Site], *, at: datetime) -> Report:
    """The report of a week for some sites."""
    return Report(week, [_of_site(week, site, at) for site in sites])


def _of_site(week: Week, site: Site, at: datetime) -> OfSite:
    def asked(length: Length, by: str = "area") -> Asked:
        period = Period.of(length, week.sunday, zone_of(site))
        return Asked(at, period, site=site, by=by)

    quarter, this = asked(Length.QUARTER), asked(Length.WEEK)
    steps = sums.by_step(quarter)
    return OfSite(
        site=site,
        weeks=[
            (monday, steps.get(number, Tally()))
            for number, (monday, _sunday) in enumerate(sums.steps(quarter))
        ],
        told=[_told(asked(Length.WEEK, by)) for by in TOLD_BY] if len(steps) else [],
        missing=sums.uncounted(this),
    )


def _told(asked: Asked) -> Told:
    values, _more = sums.by_value(asked)
    listed = list(values.items())[:MOST_TOLD]
    things = sums.named(asked.by, [value for value, _tally in listed])
    return Told(
        asked.by,
        [(value, things.get(value), tally) for value, tally in listed],
        more=len(values) > MOST_TOLD,
    )


def is_counted(week: Week, sites: Iterable[Site], at: datetime) -> bool:
    """Whether all days of a week are kept for these sites."""
    return not any(
        sums.uncounted(Asked(at, Period.of(Length.WEEK, week.sunday, zone_of(site)), site=site))
        for site in sites
    )
