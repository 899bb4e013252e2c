"""What the report says, once for the page, the mail and the PDF, in the language of the moment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inventory.wording import day_in_words, inside
from staging.charts.words import count, duration
from staging.charts.words import share as percent
from staging.models import Measure
from staging.numbers.asked import BY
from staging.numbers.daily.spans import HALF, NINTH
from staging.numbers.daily.sums import Tally
from staging.numbers.tables import NOTHING, share
from staging.numbers.trends import words_of
from staging.report.content import OfSite, Report, Told

Value = Decimal | int | timedelta | None


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: this week, the week before, and what became of it."""

    label: str
    now: str
    before: str
    verdict: str
    tone: str
    """ok, bad, or '' where nothing is to be said."""


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    short: str
    words: str
    percent: int
    part: Decimal | None


@dataclass(frozen=True, slots=True)
class Trend:
    """A share, week by week."""

    title: str
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    headings: list[str]
    rows: list[list[str]]
    note: str

    @property
    def labelled(self) -> list[list[tuple[str, str]]]:
        """Each cell with its heading."""
        return [list(zip(self.headings, row, strict=True)) for row in self.rows]

    @property
    def spoken(self) -> list[tuple[str, str]]:
        """Each row without columns: its name, and the rest with their headings."""
        return [
            (row[0][1], "; ".join(f"{heading} {cell}" for heading, cell in row[1:]))
            for row in self.labelled
        ]


@dataclass(frozen=True, slots=True)
class Part:
    """What is said of one site. `note` says what is missing; without lines nothing is kept."""

    code: str
    name: str
    note: str
    lines: list[Line]
    trends: list[Trend]
    tables: list[Table]


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    period: str
    about: str
    parts: list[Part]


def say(report: Report) -> Words:
    """The report in words."""
    week = report.week
    return Words(
        title=_("Weekly report %(week)s") % {"week": week},
        period=_("%(since)s to %(until)s") % {
            "since": day_in_words(week.monday), "until": day_in_words(week.sunday)
        },
        about=_(
            "Numbers of whole days, by each site's clock. Spans of time are medians, up to 5 "
            "percent off the exact ones. A position counts as stale on a day on which it passed "
            "its limit or the time it was needed at, or stood there beyond."
        ),
        parts=[_part(one) for one in report.sites],
    )  # fmt: skip


def _part(one: OfSite) -> Part:
    missing = _("Days of this week that have not been counted: %(count)s.")
    found = bool(one.told)
    return Part(
        code=one.site.code,
        name=one.site.name,
        note=missing % {"count": one.missing} if one.missing else "",
        lines=list(_lines(one)) if found else [],
        trends=[
            _trend(_("Stale rate"), one, lambda tally: tally.stale_rate),
            _trend(_("Staged on time"), one, lambda tally: tally.on_time_rate),
        ] if found else [],
        tables=[_table(told) for told in one.told if told.values],
    )  # fmt: skip


# --- figures ------------------------------------------------------------------------------------

UP, DOWN, NEITHER = 1, -1, 0
"""In which direction a figure gets better."""


def _figures() -> list[tuple[str, Callable[[Tally], Value], int]]:
    def half(measure: Measure) -> Callable[[Tally], Value]:
        return lambda tally: tally.within(measure, HALF)

    def number(measure: Measure) -> Callable[[Tally], Value]:
        return lambda tally: tally.total(measure)

    return [
        (_("Positions left"), number(Measure.LEFT), NEITHER),
        (_("Half left within"), half(Measure.LEFT), DOWN),
        (_("Nine of ten left within"), lambda tally: tally.within(Measure.LEFT, NINTH), DOWN),
        (_("Over the limit"), over_share, DOWN),
        (_("Stale rate"), lambda tally: tally.stale_rate, DOWN),
        (_("Alerts raised"), number(Measure.RAISED), DOWN),
        (_("Alerts escalated"), number(Measure.ESCALATED), DOWN),
        (_("Alerts raised again"), number(Measure.REOPENED), DOWN),
        (_("Half acknowledged within"), half(Measure.ACKNOWLEDGED), DOWN),
        (_("Half cleared within"), half(Measure.CLEARED), DOWN),
        (_("Lines due"), number(Measure.LINES_DUE), NEITHER),
        (_("Staged on time"), lambda tally: tally.on_time_rate, UP),
    ]


def over_share(tally: Tally) -> Decimal | None:
    return share(tally.total(Measure.LEFT_OVER), tally.total(Measure.LEFT))


def _lines(one: OfSite) -> Iterator[Line]:
    for label, read, better in _figures():
        now, before = read(one.now), read(one.before)
        verdict, tone = _verdict(now, before, better)
        yield Line(label, spelled(now), spelled(before), verdict, tone)


def _verdict(now: Any, before: Any, better: int) -> tuple[str, str]:
    if better == NEITHER or now is None or before is None:
        return "", ""
    if spelled(now) == spelled(before):
        return _("the same"), ""
    return (_("better"), "ok") if (now > before) == (better == UP) else (_("worse"), "bad")


def spelled(value: Value) -> str:
    """A figure as people write it."""
    if value is None:
        return NOTHING
    if isinstance(value, timedelta):
        return duration(value)
    return percent(value) if isinstance(value, Decimal) else count(value)


# --- week by week -------------------------------------------------------------------------------


def _trend(title: str, one: OfSite, read: Callable[[Tally], Decimal | None]) -> Trend:
    bars = []
    for monday, tally in one.weeks:
        part = read(tally)
        label = date_format(monday, "SHORT_DATE_FORMAT")
        short = _("W%(week)s") % {"week": monday.isocalendar().week}
        bars.append(Bar(label, short, spelled(part), round((part or 0) * 100), part))
    return Trend(title, bars)


# --- told apart ---------------------------------------------------------------------------------


def _table(told: Told) -> Table:
    label = dict(BY)[told.by]
    rows = []
    for value, thing, tally in told.values:
        said, name = words_of(told.by, value, thing)
        rows.append([f"{said} {name}".strip(), *_cells(tally)])
    note = _("The first %(count)s; the page “Trends” has them all.") % {"count": len(rows)}
    return Table(
        title=_("By %(what)s") % {"what": inside(label)},
        headings=[str(label), _("Positions left"), _("Half within"), _("Stale rate"), _("Alerts"),
                  _("Half cleared within"), _("Lines due"), _("On time")],
        rows=rows,
        note=note if told.more else "",
    )  # fmt: skip


def _cells(tally: Tally) -> list[str]:
    return [
        spelled(value)
        for value in (
            tally.total(Measure.LEFT),
            tally.within(Measure.LEFT, HALF),
            tally.stale_rate,
            tally.total(Measure.RAISED),
            tally.within(Measure.CLEARED, HALF),
            tally.total(Measure.LINES_DUE),
            tally.on_time_rate,
        )
    ]
