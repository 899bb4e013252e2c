"""How long things stood in their lanes: distribution, trend, and lane by lane."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import Location
from staging.charts import plot
from staging.charts.words import Number, count, duration, hours
from staging.models import Commitment, State
from staging.numbers.asked import PERIOD, Asked
from staging.numbers.tables import (
    LANE,
    NOTHING,
    Column,
    Figure,
    Found,
    Kind,
    Picture,
    Plot,
    Row,
    Table,
    lane_row,
    rate,
    share,
)

HOUR = timedelta(hours=1)
BOUNDS = tuple(HOUR * number for number in (1, 2, 4, 8, 12, 24, 48, 72, 168))
"""Between which the distribution counts. The last of its bars has no end."""

MOST_LANES = 200

SPANS = (
    Column("positions", gettext_lazy("Positions"), help=gettext_lazy("How many left.")),
    Column("median", gettext_lazy("Half within"), Kind.SPAN,
           gettext_lazy("The median: half of them stood no longer.")),
    Column("ninth", gettext_lazy("Nine of ten within"), Kind.SPAN,
           gettext_lazy("The 90th percentile: nine of ten stood no longer.")),
    Column("over", gettext_lazy("Over the limit"),
           help=gettext_lazy("Stood longer than the dwell limit of lane or material.")),
    Column("over_share", gettext_lazy("Share over"), Kind.SHARE),
)  # fmt: skip

TABLES = (
    Table(
        "distribution", gettext_lazy("How long they stood"),
        gettext_lazy("Positions that left their lane in the period, by the time they had stood."),
        (
            Column("from_hours", gettext_lazy("From (hours)")),
            Column("below_hours", gettext_lazy("To below (hours)")),
            Column("in_time", gettext_lazy("Within the limit")),
            Column("over", gettext_lazy("Over the limit")),
        ),
    ),
    Table(
        "trend", gettext_lazy("Over time"),
        gettext_lazy("The same by when they left."),
        (Column("since", gettext_lazy("Since"), Kind.STEP), *SPANS),
    ),
    Table(
        "lanes", gettext_lazy("By lane"),
        gettext_lazy("Where most left comes first."),
        (*LANE, *SPANS),
    ),
)  # fmt: skip


def counted(asked: Asked) -> Found:
    """Three statements, and one for the names of the lanes."""
    left = _left(asked)
    lanes = _spans(left, "location")
    if not lanes:
        return Found(tables={table.name: [] for table in TABLES})
    largest = sorted(lanes, key=lambda key: (-lanes[key]["positions"], key))
    places = Location.objects.in_bulk(largest[:MOST_LANES])
    trend = _spans(left.annotate(number=asked.period.number("closed_at")), "number")
    nothing = _row(0, 0, None, None)
    return Found(
        tables={
            "distribution": list(_distribution(left)),
            "trend": [
                {"since": start} | trend.get(number, nothing)
                for number, (start, _end) in enumerate(asked.period.steps)
                if start <= asked.now
            ],
            "lanes": [lane_row(places[pk]) | lanes[pk] for pk in largest[:MOST_LANES]],
        },
        headline=_headline(lanes),
        left_out=_("Only the %(count)s lanes that most left are listed.") % {"count": MOST_LANES}
        if len(largest) > MOST_LANES
        else "",
    )


def _left(asked: Asked) -> QuerySet[Any, Any]:
    """Positions that ended in the period, whatever they ended by."""
    rows = Commitment.objects.filter(
        asked.places("location"), asked.goods(), asked.demands("requirement__demand"),
        state=State.STAGED, closed_at__isnull=False, **asked.period.within("closed_at"),
    )  # fmt: skip
    stood = ExpressionWrapper(F("closed_at") - F("since"), output_field=DurationField())
    return rows.order_by().annotate(stood=stood)


TOO_LONG = Q(due_at__lt=F("closed_at"))


def _distribution(left: QuerySet[Any, Any]) -> Iterator[Row]:
    bar = Case(
        *(When(stood__lt=bound, then=Value(n)) for n, bound in enumerate(BOUNDS)),
        default=Value(len(BOUNDS)),
        output_field=IntegerField(),
    )
    rows = left.annotate(bar=bar).values("bar")
    found = {
        row["bar"]: row for row in rows.annotate(all=Count("pk"), over=Count("pk", filter=TOO_LONG))
    }
    for number, (low, high) in enumerate(zip((None, *BOUNDS), (*BOUNDS, None), strict=True)):
        row = found.get(number, {"all": 0, "over": 0})
        yield {
            "from_hours": low // HOUR if low else 0,
            "below_hours": high // HOUR if high else None,
            "in_time": row["all"] - row["over"],
            "over": row["over"],
        }


def _spans(left: QuerySet[Any, Any], group: str) -> dict[Any, Row]:
    """Percentiles and counts by a column, in one statement. Percentiles are spans that occurred
    (nearest rank): the smallest within which that part of the positions lies."""
    ranked = left.annotate(
        rank=Window(RowNumber(), partition_by=F(group), order_by=["stood", "pk"]),
        all=Window(Count("pk"), partition_by=F(group)),
        over=Window(Count(Case(When(TOO_LONG, then=1))), partition_by=F(group)),
        doubled=F("rank") * 2,
        tenfold=F("rank") * 10,
    )
    median = Q(doubled__gte=F("all"), doubled__lt=F("all") + 2)
    ninth = Q(tenfold__gte=F("all") * 9, tenfold__lt=F("all") * 9 + 10)
    found: dict[Any, dict[str, Any]] = {}
    rows = ranked.filter(median | ninth).values_list(group, "rank", "all", "over", "stood")
    for key, rank, number, late, stood in rows:
        one = found.setdefault(key, {"all": number, "over": late})
        if rank * 2 >= number > (rank - 1) * 2:
            one["median"] = stood
        if rank * 10 >= number * 9 > (rank - 1) * 10:
            one["ninth"] = stood
    return {
        key: _row(one["all"], one["over"], one["median"], one["ninth"])
        for key, one in found.items()
    }


def _row(number: int, over: int, median: timedelta | None, ninth: timedelta | None) -> Row:
    return {
        "positions": number,
        "median": median,
        "ninth": ninth,
        "over": over,
        "over_share": share(over, number),
    }


def _headline(lanes: dict[Any, Row]) -> list[tuple[str, str]]:
    number, over = (sum(row[name] for row in lanes.values()) for name in ("positions", "over"))
    return [(_("Positions left"), count(number)), (_("Over their limit"), rate(over, number))]


# --- drawn --------------------------------------------------------------------------------------


def drawn(asked: Asked, found: Found) -> dict[str, list[Picture]]:
    """The distribution as bars, the trend as two lines."""
    return {
        "distribution": [_bars(found.tables["distribution"])],
        "trend": [lines(asked, found.tables["trend"])],
    }


def _bars(rows: list[Row]) -> Plot:
    steps = [
        plot.Step(
            f"{between(row)}: {row['in_time']} + {row['over']}",
            {"fine": row["in_time"], "over": row["over"]},
        )
        for row in rows
    ]
    fine, over = (sum(row[name] for row in rows) for name in ("in_time", "over"))
    return Plot(
        chart=plot.chart(steps),
        axis=[between(row) for row in rows],
        each=True,
        label=_("How long positions had stood when they left: %(count)s in all.")
        % {"count": fine + over},
        legend=[
            ("fine", _("Within the limit"), count(fine)),
            ("over", _("Over the limit"), count(over)),
        ],
    )


def between(row: Row) -> str:
    """In words: hours, or days from one day on."""
    low, high = row["from_hours"], row["below_hours"]
    if high is None:
        return _("%(days)s d and more") % {"days": low // 24}
    if low >= 24:
        return f"{low // 24}–{high // 24} d"  # noqa: RUF001
    return f"{low}–{high} h"  # noqa: RUF001


def lines(asked: Asked, rows: list[Row]) -> Plot:
    """Median and 90th percentile of rows with `since`, `median` and `ninth`."""
    period = asked.period
    steps = [
        plot.Step(
            f"{period.words(row['since'])}: {spelled(row['median'])} / {spelled(row['ninth'])}",
            points={"one": points(row["median"]), "two": points(row["ninth"])},
        )
        for row in rows
    ]
    return Plot(
        chart=plot.chart(steps, words=in_hours),
        axis=[period.words(row["since"]) for row in rows],
        label=_("Time in the lane of those that left, by when they left."),
        legend=[("one", _("Half within"), ""), ("two", _("Nine of ten within"), "")],
        lined=["one", "two"],
    )


def points(span: timedelta | None) -> Number | None:
    return None if span is None else hours(span)


def spelled(span: timedelta | None) -> str:
    return NOTHING if span is None else duration(span)


def in_hours(number: Number) -> str:
    return _("%(number)s h") % {"number": count(round(Decimal(number), 2))}


FIGURE = Figure(
    name="dwell",
    label=gettext_lazy("Dwell time"),
    about=gettext_lazy(
        "The dwell time of a position is the time from when it was staged until it left its lane: "
        "issued, loaded, put back, or taken to another lane, which does not stop its clock. A "
        "position is what one lot has in one lane and container for one line of a demand. It is "
        "counted when it has left, at the time that was claimed for it."
    ),
    icon="hourglass-split",
    asks=(*PERIOD, "site", "within", "material", "kind"),
    tables=TABLES,
    count=counted,
    draw=drawn,
    empty=gettext_lazy("Nothing left a lane in this period."),
)
