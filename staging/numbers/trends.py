"""How it has gone over weeks and months: dwell, stale rate, alerts, on time; by what one asks."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.wording import day_in_words
from staging.charts import plot
from staging.charts.words import Number, count
from staging.charts.words import share as percent
from staging.models import Measure
from staging.numbers import dwell
from staging.numbers.asked import OUTSIDE, PERIOD, Asked
from staging.numbers.daily import sums
from staging.numbers.daily.spans import HALF, NINTH
from staging.numbers.daily.sums import Tally
from staging.numbers.period import Length
from staging.numbers.tables import (
    NOTHING,
    Column,
    Figure,
    Found,
    Kind,
    Picture,
    Plot,
    Row,
    Table,
    rate,
    share,
)

SINCE = Column("since", gettext_lazy("Since"), Kind.STEP)
POSITIONS, MEDIAN, NINTH_OF, _OVER, OVER_SHARE = dwell.SPANS
STALE_RATE = Column(
    "stale_rate", gettext_lazy("Stale rate"), Kind.SHARE,
    gettext_lazy("Of the positions that stood in a lane on a day, those that were stale by then: "
                 "over their limit, or past the time at which their demand was needed."),
)  # fmt: skip
RAISED = Column("raised", gettext_lazy("Raised"), help=gettext_lazy("Alerts raised."))
ACKNOWLEDGED = Column(
    "acknowledged_within", gettext_lazy("Half acknowledged within"), Kind.SPAN,
    gettext_lazy("The median time from raised to acknowledged, of those acknowledged then."),
)  # fmt: skip
CLEARED = Column(
    "cleared_within", gettext_lazy("Half cleared within"), Kind.SPAN,
    gettext_lazy("The median time from raised to closed, of those closed then."),
)  # fmt: skip
DUE = Column("due", gettext_lazy("Lines due"), help=gettext_lazy("Lines of demands needed then."))
ON_TIME_RATE = Column(
    "on_time_rate", gettext_lazy("Staged on time"), Kind.SHARE,
    gettext_lazy("Of the lines due, those of which all was staged when it was needed."),
)  # fmt: skip

TABLES = (
    Table(
        "dwell", gettext_lazy("Dwell time"),
        gettext_lazy("Positions that left their lane, by when they left."),
        (SINCE, *dwell.SPANS),
    ),
    Table(
        "stale", gettext_lazy("Stale rate"),
        gettext_lazy("Positions that left their lane on a day, or stood in it when the day was "
                     "over. One that stands for three days counts on each of them."),
        (
            SINCE,
            Column("left", gettext_lazy("Positions left")),
            Column("left_stale", gettext_lazy("Of them stale")),
            Column("standing", gettext_lazy("Standing"),
                   help=gettext_lazy("At the end of the day, added up over the days.")),
            Column("standing_stale", gettext_lazy("Of them stale")),
            STALE_RATE,
        ),
    ),
    Table(
        "alerts", gettext_lazy("Alerts"),
        gettext_lazy("What the clock raised, and how long it took until somebody took it up, and "
                     "until its cause was gone. Each counts when it happened."),
        (
            SINCE,
            RAISED,
            Column("escalated", gettext_lazy("Escalated"), help=gettext_lazy("Steps up a level.")),
            Column("reopened", gettext_lazy("Reopened")),
            Column("acknowledged", gettext_lazy("Acknowledged")),
            ACKNOWLEDGED,
            Column("acknowledged_ninth", gettext_lazy("Nine of ten acknowledged within"),
                   Kind.SPAN),
            Column("cleared", gettext_lazy("Closed")),
            CLEARED,
            Column("cleared_ninth", gettext_lazy("Nine of ten cleared within"), Kind.SPAN),
        ),
    ),
    Table(
        "on_time", gettext_lazy("On time"),
        gettext_lazy("Lines of demands, by when they were needed."),
        (SINCE, DUE, Column("on_time", gettext_lazy("On time")), ON_TIME_RATE),
    ),
    Table(
        "values", gettext_lazy("Told apart"),
        gettext_lazy("The whole period by area, material, shift, kind of demand or site, what "
                     "happened most first."),
        (
            Column("value", gettext_lazy("Value"), Kind.TEXT),
            Column("name", gettext_lazy("Name"), Kind.TEXT),
            POSITIONS, MEDIAN, NINTH_OF, OVER_SHARE, STALE_RATE, RAISED, ACKNOWLEDGED, CLEARED,
            DUE, ON_TIME_RATE,
        ),
    ),
)  # fmt: skip


def counted(asked: Asked) -> Found:
    """Five statements: what is kept, by step and by value, with the names of the values."""
    known = sums.known(asked)
    steps = sums.by_step(asked)
    if not steps:
        return Found(tables={table.name: [] for table in TABLES})
    values, more = sums.by_value(asked)
    things = sums.named(asked.by, values)
    begun = [
        (number, start) for number, (start, _end) in enumerate(asked.period.steps)
        if start <= asked.now
    ]  # fmt: skip
    rows = [(start, steps.get(number, Tally())) for number, start in begun]
    return Found(
        tables={
            "dwell": [_step(asked, "dwell", start) | dwell_of(tally) for start, tally in rows],
            "stale": [_step(asked, "lanes", start) | stale_of(tally) for start, tally in rows],
            "alerts": [{"since": start} | alerts_of(tally) for start, tally in rows],
            "on_time": [
                _step(asked, "on-time", start) | on_time_of(tally) for start, tally in rows
            ],
            "values": [
                _named(asked, value, things.get(value)) | value_of(tally)
                for value, tally in values.items()
            ],
        },
        headline=_headline(together(steps.values())),
        left_out=" ".join(_left_out(asked, known, more)),
    )


def together(tallies: Any) -> Tally:
    """Several days as one."""
    whole = Tally()
    for tally in tallies:
        whole.counts.update(tally.counts)
    return whole


def _headline(whole: Tally) -> list[tuple[str, str]]:
    def spelled(measure: Measure) -> str:
        return dwell.spelled(whole.within(measure, HALF))

    return [
        (_("Half left within"), spelled(Measure.LEFT)),
        (_("Stale"), _percent_or_nothing(whole.stale_rate)),
        (_("Half acknowledged within"), spelled(Measure.ACKNOWLEDGED)),
        (_("Half cleared within"), spelled(Measure.CLEARED)),
        (_("Lines staged on time"),
         rate(whole.total(Measure.LINES_ON_TIME), whole.total(Measure.LINES_DUE))),
    ]  # fmt: skip


def _percent_or_nothing(part: Decimal | None) -> str:
    return NOTHING if part is None else percent(part)


def _left_out(asked: Asked, known: sums.Known, more: bool) -> Iterator[str]:
    if known.since and known.since > asked.period.since:
        yield _("Days are kept from %(day)s on.") % {"day": day_in_words(known.since)}
    if known.missing:
        yield _("Days that are still to be counted: %(count)s.") % {"count": known.missing}
    if more:
        yield _("Only the first %(count)s values are listed: narrow it down.") % {
            "count": sums.MOST_VALUES
        }


# --- rows ---------------------------------------------------------------------------------------


def dwell_of(tally: Tally) -> Row:
    left, over = tally.total(Measure.LEFT), tally.total(Measure.LEFT_OVER)
    return {
        "positions": left,
        "median": tally.within(Measure.LEFT, HALF),
        "ninth": tally.within(Measure.LEFT, NINTH),
        "over": over,
        "over_share": share(over, left),
    }


def stale_of(tally: Tally) -> Row:
    return {
        "left": tally.total(Measure.LEFT),
        "left_stale": tally.total(Measure.LEFT_STALE),
        "standing": tally.total(Measure.STANDING),
        "standing_stale": tally.total(Measure.STANDING_STALE),
        "stale_rate": tally.stale_rate,
    }


def alerts_of(tally: Tally) -> Row:
    return {
        "raised": tally.total(Measure.RAISED),
        "escalated": tally.total(Measure.ESCALATED),
        "reopened": tally.total(Measure.REOPENED),
        "acknowledged": tally.total(Measure.ACKNOWLEDGED),
        "acknowledged_within": tally.within(Measure.ACKNOWLEDGED, HALF),
        "acknowledged_ninth": tally.within(Measure.ACKNOWLEDGED, NINTH),
        "cleared": tally.total(Measure.CLEARED),
        "cleared_within": tally.within(Measure.CLEARED, HALF),
        "cleared_ninth": tally.within(Measure.CLEARED, NINTH),
    }


def on_time_of(tally: Tally) -> Row:
    return {
        "due": tally.total(Measure.LINES_DUE),
        "on_time": tally.total(Measure.LINES_ON_TIME),
        "on_time_rate": tally.on_time_rate,
    }


def value_of(tally: Tally) -> Row:
    """All that is told of one value."""
    return dwell_of(tally) | stale_of(tally) | alerts_of(tally) | on_time_of(tally)


def words_of(by: str, value: Any, thing: Any) -> tuple[str, str]:
    """A value as it is called, and its name where it has one."""
    if by == "shift":
        return (value or str(_("Outside of shifts")), "")
    if by == "kind":
        return (str(thing) if value else str(_("For no demand")), "")
    return (thing.code, thing.name) if thing else (str(_("None")), "")


def _named(asked: Asked, value: Any, thing: Any) -> Row:
    """The row's first cells, leading to the live figures of the same."""
    said, name = words_of(asked.by, value, thing)
    row: Row = {"value": said, "name": name}
    if asked.by == "shift":
        return row | {"url": _address(asked, "trends", shift=value or OUTSIDE)}
    code = value if asked.by == "kind" else getattr(thing, "code", "")
    field = "within" if asked.by == "area" else asked.by
    return row | ({"url": _address(asked, "dwell", **{field: code})} if code else {})


def _step(asked: Asked, figure: str, start: datetime) -> Row:
    """The row's first cell, leading to the live figures of the day or the week."""
    day = start.astimezone(asked.period.zone).date()
    weekly = asked.period.step == "week"
    last = day + timedelta(days=6) if weekly else day
    length = Length.WEEK if weekly else Length.DAY
    url = _address(asked, figure, period=length.value, until=last.isoformat())
    return {"since": start, "url": url}


def _address(asked: Asked, figure: str, **narrower: str) -> str:
    """A page of figures, narrowed down as this one is, and further."""
    length = asked.period.length
    live = figure != "trends" and length == Length.YEAR
    query = {
        "period": Length.QUARTER.value if live else length.value,
        "until": asked.period.until.isoformat(),
        "site": asked.site.code if asked.site else "",
        "within": asked.within.code if asked.within else "",
        "material": asked.material.code if asked.material else "",
        "kind": asked.kind,
    } | narrower  # fmt: skip
    if figure == "trends":
        query["by"] = "area"
    chosen = {name: value for name, value in query.items() if value}
    return f"{reverse('staging:numbers', args=[figure])}?{urlencode(chosen)}"


# --- drawn --------------------------------------------------------------------------------------


def drawn(asked: Asked, found: Found) -> dict[str, list[Picture]]:
    """A picture or two over each table; none over what is told apart."""
    tables = found.tables
    return {
        "dwell": [dwell.lines(asked, tables["dwell"])],
        "stale": [
            _rates(asked, tables["stale"], "stale_rate",
                   _("Share of the positions in a lane that were stale.")),
        ],
        "alerts": [_counts(asked, tables["alerts"]), _spans(asked, tables["alerts"])],
        "on_time": [
            _rates(asked, tables["on_time"], "on_time_rate",
                   _("Share of the lines due that were staged on time.")),
        ],
    }  # fmt: skip


def _axis(asked: Asked, rows: list[Row]) -> list[str]:
    return [asked.period.words(row["since"]) for row in rows]


def _rates(asked: Asked, rows: list[Row], column: str, label: str) -> Plot:
    axis = _axis(asked, rows)
    steps = [
        plot.Step(f"{at}: {_percent_or_nothing(row[column])}", points={"one": row[column]})
        for at, row in zip(axis, rows, strict=True)
    ]
    return Plot(chart=plot.chart(steps, top=Decimal(1), words=_percent), axis=axis, label=label)


def _percent(number: Number) -> str:
    return percent(number)


NUMBERS = (
    ("raised", "one", gettext_lazy("Raised")),
    ("cleared", "two", gettext_lazy("Closed")),
)
SPANS = (
    ("acknowledged_within", "one", gettext_lazy("Half acknowledged within")),
    ("cleared_within", "two", gettext_lazy("Half cleared within")),
)


def _counts(asked: Asked, rows: list[Row]) -> Plot:
    """Raised beside closed. Lines: bars would stand on each other."""
    words = [(kind, label, count(sum(row[name] for row in rows))) for name, kind, label in NUMBERS]
    return Plot(
        chart=plot.chart(_points(asked, rows, NUMBERS, count, int)),
        axis=_axis(asked, rows),
        title=_("How many"),
        label=_("Alerts raised and closed."),
        legend=words,
        lined=[kind for _name, kind, _label in NUMBERS],
    )


def _spans(asked: Asked, rows: list[Row]) -> Plot:
    return Plot(
        chart=plot.chart(_points(asked, rows, SPANS, dwell.spelled, dwell.points),
                         words=dwell.in_hours),
        axis=_axis(asked, rows),
        title=_("How long"),
        label=_("Median time until alerts were acknowledged and closed."),
        legend=[(kind, label, "") for _name, kind, label in SPANS],
        lined=[kind for _name, kind, _label in SPANS],
    )  # fmt: skip


def _points(
    asked: Asked,
    rows: list[Row],
    drawn: Iterable[tuple[str, str, Any]],
    spelled: Callable[[Any], str],
    height: Callable[[Any], Number | None],
) -> list[plot.Step]:
    """Points of lines: by column, stroke and what it is called."""
    return [
        plot.Step(
            "\n".join([at, *(f"{label}: {spelled(row[name])}" for name, _kind, label in drawn)]),
            points={kind: height(row[name]) for name, kind, _label in drawn},
        )
        for at, row in zip(_axis(asked, rows), rows, strict=True)
    ]


FIGURE = Figure(
    name="trends",
    label=gettext_lazy("Trends"),
    about=gettext_lazy(
        "Kept by day, once the day is over at its site: by area (the place around the lane), "
        "material, shift and kind of demand. Spans of time are kept in steps of a tenth, so that a "
        "percentile is up to 5 percent off the exact one; counts and shares are exact. The days "
        "and values lead to the figures as they are counted now."
    ),
    icon="clipboard-data",
    asks=(*PERIOD, "site", "within", "material", "kind", "shift", "by"),
    tables=TABLES,
    count=counted,
    draw=drawn,
    empty=gettext_lazy(
        "Nothing is kept of this period. Days are counted within the hour after they are over; "
        "manage.py count_days counts those further back."
    ),
)
