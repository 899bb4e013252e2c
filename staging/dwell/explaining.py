"""For people: what policies would make of what stands, which one counts, what a calendar means."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.timezone import make_naive
from django.utils.translation import gettext as _

from inventory.models import Site
from staging.dwell.calendars import rules_of
from staging.dwell.counting import compare
from staging.dwell.terms import Due, Position, Terms
from staging.dwell.working import A_DAY, Stretch
from staging.models import DwellPolicy, DwellSet, SpecialDay


def made_of(draft: DwellSet, at: datetime) -> list[dict[str, Any]]:
    """What a draft would make of all that is staged, by policy, in words."""
    notes = dict(DwellPolicy.objects.filter(dwell_set=draft).values_list("pk", "note"))
    limits = _("limit of the lane or the material, or none")
    return [row | {"words": notes.get(row["policy"], limits)} for row in compare(draft.pk, at)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What counts for a position, and which policies fit it."""

    fitting: list[DwellPolicy]
    due: Due


def answer(position: Position) -> Answer:
    rows = DwellPolicy.objects.in_force().select_related(
        "area", "lane", "site", "material", "customer"
    )
    terms = Terms.of(rows)
    return Answer(terms.fitting(position), terms.due(position))


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    stretches: list[Stretch]
    hours: float
    special: str


def coming(site: Site, first: date, days: int = 14) -> Iterator[Day]:
    """The working time of some days, in times as the site's clock shows them."""
    rules = rules_of(site)
    names = dict(SpecialDay.objects.filter(site=site).values_list("day", "name"))
    for day in (first + timedelta(days=number) for number in range(days)):
        found = rules.stretches(day, day)
        stretches = [
            (make_naive(start, rules.zone), make_naive(end, rules.zone)) for start, end in found
        ]
        worked = sum((end - start for start, end in found), timedelta())
        yield Day(day, stretches, worked / (A_DAY / 24), names.get(day, ""))
