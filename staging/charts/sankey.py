"""Flows between places as bands, as broad as what flowed (a Sankey diagram).

Places stand in columns, from where things come on the left to where they end on the right; every
flow goes to a column further right.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from staging.charts.drawing import SIZE, Box, Drawing, Label, Line, Link, Point, Shape
from staging.charts.layers import short

WIDTH, TALL = 700.0, 230.0
BAR, GAP, LEAST = 9.0, 19.0, 0.7
"""How broad a place is drawn, what lies between two, and how thin a flow may become."""

ROUND = 14
"""Points on each side of a band: enough for it to look round."""

LETTERS = 24


@dataclass(frozen=True, slots=True)
class Place:
    """Where flows begin and end. `column` counts from the left, `kind` names how it is filled."""

    key: Hashable
    name: str
    column: int
    kind: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """So much from one place to another; `words` is what it says when pointed at."""

    source: Hashable
    target: Hashable
    amount: Decimal
    words: str


@dataclass(slots=True)
class _Spot:
    """Where a place is drawn, and how far its sides are taken by bands."""

    place: Place
    through: Decimal
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0
    left: float = field(default=0.0)
    right: float = field(default=0.0)


def sankey(
    title: str,
    places: Sequence[Place],
    flows: Sequence[Flow],
    *,
    unit: str,
    words: Mapping[Hashable, str],
    summary: str = "",
) -> Drawing:
    """Draw what flows. `words` spells how much went through each place, in `unit`."""
    spots = _spots(places, flows)
    height, scale = _laid_out(list(spots.values()))
    shapes: list[Shape | Link] = []
    for flow in sorted(flows, key=lambda one: (spots[one.source].y, spots[one.target].y)):
        shapes.append(_band(spots[flow.source], spots[flow.target], flow, scale))
    last = max((spot.place.column for spot in spots.values()), default=0)
    for spot in spots.values():
        shapes += _bar(spot, f"{words[spot.place.key]} {unit}", on_left=spot.place.column == last)
    return Drawing(title, WIDTH, height, shapes, summary)


def _spots(places: Sequence[Place], flows: Sequence[Flow]) -> dict[Hashable, _Spot]:
    """The places that something flows through; as high as the greater of what comes and goes."""
    coming: dict[Hashable, Decimal] = defaultdict(Decimal)
    going: dict[Hashable, Decimal] = defaultdict(Decimal)
    for flow in flows:
        going[flow.source] += flow.amount
        coming[flow.target] += flow.amount
    return {
        place.key: _Spot(place, through)
        for place in places
        if (through := max(coming[place.key], going[place.key]))
    }


def _laid_out(spots: Sequence[_Spot]) -> tuple[float, float]:
    """Give each place its spot, and say how high the drawing is, and a unit of what flows."""
    columns: dict[int, list[_Spot]] = defaultdict(list)
    for spot in spots:
        columns[spot.place.column].append(spot)
    fullest = max((sum(spot.through for spot in there) for there in columns.values()), default=1)
    crowd = max(map(len, columns.values()), default=1)
    plot = max(TALL, crowd * GAP * 1.6)
    scale = (plot - (crowd - 1) * GAP) / float(fullest or 1)
    numbers = {column: number for number, column in enumerate(sorted(columns))}
    apart = (WIDTH - BAR) / max(len(numbers) - 1, 1)
    for column, there in columns.items():
        y = SIZE + 4
        for spot in there:
            spot.x, spot.y = numbers[column] * apart, y
            spot.height = max(float(spot.through) * scale, LEAST)
            y += spot.height + GAP
    return max((spot.y + spot.height for spot in spots), default=0.0) + SIZE + 4, scale


def _band(source: _Spot, target: _Spot, flow: Flow, scale: float) -> Line:
    thick = max(float(flow.amount) * scale, LEAST)
    start, end = source.y + source.right, target.y + target.left
    source.right += thick
    target.left += thick
    upper = list(_curve((source.x + BAR, start), (target.x, end)))
    lower = [(x, y + thick) for x, y in reversed(upper)]
    return Line([*upper, *lower], f"band d-to-{target.place.kind}", flow.words)


def _curve(start: Point, end: Point) -> Iterator[Point]:
    """From one point to the other, level at both."""
    for step in range(ROUND + 1):
        part = step / ROUND
        rise = part * part * (3 - 2 * part)
        yield start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * rise


def _bar(spot: _Spot, words: str, *, on_left: bool) -> list[Shape | Link]:
    place, anchor = spot.place, "end" if on_left else "start"
    x = spot.x - 4 if on_left else spot.x + BAR + 4
    middle = spot.y + spot.height / 2
    shapes: list[Shape] = [
        Box(spot.x, spot.y, BAR, spot.height, kind=f"place d-at-{place.kind}"),
        Label(x, middle - 1, short(place.name, LETTERS), anchor, strong=True),
        Label(x, middle + SIZE, words, anchor),
    ]
    return [Link(place.url, f"{place.name}: {words}", shapes)] if place.url else [*shapes]
