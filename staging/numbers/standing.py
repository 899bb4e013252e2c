"""How much stood in the staging areas, step by step, by the ledger."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import TruncHour
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import Balance, LocationKind, Movement, Purpose
from staging.charts import plot
from staging.charts.words import count
from staging.numbers.asked import PERIOD, Asked
from staging.numbers.tables import Column, Figure, Found, Kind, Picture, Plot, Row, Table, exact

Area = tuple[str, str, str]
"""Site, purpose and unit: quantities of different units are never added up."""

HOUR = timedelta(hours=1)
STROKES = ("one", "two", "three", "four", "five")
MOST_UNITS = 6
"""Charts that are drawn, one for each unit; the table has them all."""

TABLES = (
    Table(
        "areas", gettext_lazy("What stood in the staging areas"),
        gettext_lazy(
            "By step, the last one up to now. Units are never added up: each has its picture, of "
            "the averages."
        ),
        (
            Column("until", gettext_lazy("At"), Kind.MOMENT),
            Column("site", gettext_lazy("Site"), Kind.TEXT),
            Column("purpose", gettext_lazy("Area"), Kind.TEXT, words=dict(Purpose.choices)),
            Column("quantity", gettext_lazy("At the end"), Kind.QUANTITY),
            Column("average", gettext_lazy("Average"), Kind.QUANTITY,
                   gettext_lazy("Of what stood there at the end of each of its hours.")),
            Column("highest", gettext_lazy("Highest"), Kind.QUANTITY,
                   gettext_lazy("The most at the end of an hour.")),
            Column("unit", gettext_lazy("Unit"), Kind.TEXT),
        ),
    ),
)  # fmt: skip


def counted(asked: Asked) -> Found:
    """Three statements: what stands there now, and what came and went in each hour since."""
    now, changes = _sums(_here(asked)), _changes(asked)
    hours = _hours(asked)
    steps = [
        (start, min(end, asked.now), [n for n, hour in enumerate(hours) if start <= hour < end])
        for start, end in asked.period.steps
        if start <= asked.now
    ]
    rows: list[Row] = []
    for area in sorted({*now, *changes}):
        levels = _levels(now.get(area, Decimal(0)), changes[area], hours)
        if any(levels):
            rows += [_row(area, end, [levels[n] for n in within]) for _start, end, within in steps]
    rows.sort(key=lambda row: row["until"])
    return Found(tables={"areas": rows})


def _row(area: Area, end: datetime, levels: list[Decimal]) -> Row:
    site, purpose, unit = area
    return {
        "until": end,
        "site": site,
        "purpose": purpose,
        "quantity": exact(levels[-1]),
        "average": exact(sum(levels, Decimal(0)) / len(levels)),
        "highest": exact(max(levels)),
        "unit": unit,
    }


def _hours(asked: Asked) -> list[datetime]:
    """The beginnings of the hours of the period, as far as they have begun."""
    start = asked.period.start
    number = -((start - asked.stop) // HOUR)
    return [start + HOUR * hour for hour in range(number)]


def _here(asked: Asked) -> Any:
    rows = Balance.objects.filter(
        asked.places("location"), asked.goods(), quantity__gt=0,
        location__kind=LocationKind.STAGING,
    )  # fmt: skip
    return rows.order_by().values_list(
        "location__site__code", "location__purpose", "lot__material__base_unit"
    )


def _sums(rows: Any) -> dict[Area, Decimal]:
    return {tuple(area): total for *area, total in rows.annotate(total=Sum("quantity"))}


def _changes(asked: Asked) -> dict[Area, dict[datetime, Decimal]]:
    """By area, what came less what went in each hour since the period began, to this day."""
    since = asked.period.start
    # Hours begin when they do in the place whose days they are, be it at half past.
    offset = (since.astimezone(asked.period.zone).utcoffset() or timedelta()) % HOUR
    hour = TruncHour("occurred_at", tzinfo=timezone(offset))
    changes: dict[Area, dict[datetime, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for side, sign in (("target", 1), ("source", -1)):
        rows = asked.happened(Movement.objects.all(), since=since, until=None)
        rows = rows.filter(
            asked.places(side), asked.goods(), Q(**{f"{side}__kind": LocationKind.STAGING})
        )
        group = (f"{side}__site__code", f"{side}__purpose", "lot__material__base_unit")
        rows = rows.annotate(hour=hour).order_by().values_list("hour", *group)
        for at, site, purpose, unit, total in rows.annotate(total=Sum("quantity")):
            changes[site, purpose, unit][at] += sign * total
    return changes


def _levels(
    now: Decimal, changes: Mapping[datetime, Decimal], hours: Sequence[datetime]
) -> list[Decimal]:
    """What stood there at the end of each hour: what stands there now, less what came since."""
    level = now - sum(changes.values(), Decimal(0))
    levels = []
    for hour in hours:
        level += changes.get(hour, Decimal(0))
        levels.append(level)
    return levels


# --- drawn --------------------------------------------------------------------------------------


def drawn(asked: Asked, found: Found) -> dict[str, list[Picture]]:
    """A picture for each unit, with a line for each area that holds some of it."""
    return {"areas": list(_pictures(asked, found.tables["areas"]))}


def _pictures(asked: Asked, rows: list[Row]) -> Iterator[Plot]:
    by_unit: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_unit[row["unit"]].append(row)
    for unit in sorted(by_unit, key=lambda unit: -len(by_unit[unit]))[:MOST_UNITS]:
        yield _picture(asked, unit, by_unit[unit])


def _picture(asked: Asked, unit: str, rows: list[Row]) -> Plot:
    """The areas that held most, each by its own line, and the others together."""
    highest: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        area = (row["site"], row["purpose"])
        highest[area] = max(highest[area], row["highest"])
    largest = sorted((area for area in highest if highest[area]), key=lambda area: -highest[area])
    strokes = {area: STROKES[min(n, len(STROKES) - 1)] for n, area in enumerate(largest)}
    points: dict[Any, dict[str, Decimal]] = defaultdict(dict)
    for row in rows:
        if stroke := strokes.get((row["site"], row["purpose"])):
            here = points[row["until"]]
            here[stroke] = here.get(stroke, Decimal(0)) + row["average"]
    names = {stroke: _name(stroke, strokes) for stroke in dict.fromkeys(strokes.values())}
    return Plot(
        chart=plot.chart([
            plot.Step(_words(asked, at, here, names, unit), points=here)
            for at, here in points.items()
        ]),
        axis=[_at(asked, at) for at in points],
        title=unit,
        label=_("What stood in the staging areas on average, in %(unit)s.") % {"unit": unit},
        legend=[(stroke, name, "") for stroke, name in names.items()],
        lined=list(names),
    )  # fmt: skip


def _name(stroke: str, strokes: Mapping[tuple[str, str], str]) -> str:
    areas = [area for area, drawn_as in strokes.items() if drawn_as == stroke]
    if len(areas) > 1:
        return _("%(count)s other areas") % {"count": len(areas)}
    site, purpose = areas[0]
    return f"{site} · {Purpose(purpose).label}"


def _words(
    asked: Asked, at: Any, here: Mapping[str, Decimal], names: Mapping[str, str], unit: str
) -> str:
    parts = [f"{names[stroke]}: {count(quantity)} {unit}" for stroke, quantity in here.items()]
    return "\n".join([_at(asked, at), *parts])


def _at(asked: Asked, at: Any) -> str:
    here = at.astimezone(asked.period.zone)
    return date_format(here, "SHORT_DATETIME_FORMAT")


FIGURE = Figure(
    name="staged",
    label=gettext_lazy("Staged quantity"),
    about=gettext_lazy(
        "What stood in staging locations, by the ledger: what stands there now, less what came in, "
        "plus what went out since. It includes the little that stands in a lane for no demand, "
        "which has its own alert."
    ),
    icon="boxes",
    asks=(*PERIOD, "site", "within", "material"),
    tables=TABLES,
    count=counted,
    draw=drawn,
    empty=gettext_lazy("Nothing stood in a staging location in this period."),
)
