"""Bars and lines over steps, in the units of an SVG without text: words stand beside it.

The drawing is stretched to the width there is, so widths are shares, and letters would be too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from staging.charts.words import Number, count

HEIGHT = 100
STRIDE, GAP = 10, 2
NICE = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Step:
    """What stands over one place of the axis: `bars` on each other, and a point of each line.

    `words` is what it says when pointed at; a line may have no point there.
    """

    words: str
    bars: Mapping[str, Number] = field(default_factory=dict)
    points: Mapping[str, Number | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar; `kind` names its colour."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands over one step."""

    x: int
    width: int
    words: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Line:
    """A line through the steps, in pieces where points are missing; `kind` names its stroke."""

    kind: str
    pieces: list[str]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars and lines on a scale from 0 to `top`; `limit` is where a level across it lies."""

    bars: list[Bar]
    lines: list[Line]
    width: int
    top: Number
    scale: list[str]
    limit: float | None = None


def chart(
    steps: Sequence[Step],
    *,
    limit: Number | None = None,
    top: Number | None = None,
    words: Callable[[Number], str] = count,
) -> Chart:
    """Draw steps, the first piece of a bar lowest. `words` spells the numbers of the scale."""
    top = top or scale(max([*map(_highest, steps), limit or 0], default=0))
    bars = [
        Bar(index * STRIDE + GAP // 2, STRIDE - GAP, step.words, _stacked(step.bars, top))
        for index, step in enumerate(steps)
    ]
    kinds = dict.fromkeys(kind for step in steps for kind in step.points)
    return Chart(
        bars=bars,
        lines=[Line(kind, list(_pieces(kind, steps, top))) for kind in kinds],
        width=max(len(steps), 1) * STRIDE,
        top=top,
        scale=[words(number) for number in (top, *_half(top), 0)],
        limit=None if limit is None else _height(limit, top),
    )


def _half(top: Number) -> list[Number]:
    """Half of it, where that can be written on the scale."""
    if isinstance(top, int):
        return [] if top % 2 else [top // 2]
    return [top / 2]


def _highest(step: Step) -> Number:
    points = [point for point in step.points.values() if point is not None]
    return max([sum(step.bars.values()), *points], default=0)


def _height(amount: Number, top: Number) -> float:
    return round(float(HEIGHT - HEIGHT * amount / top), 3)


def _stacked(kinds: Mapping[str, Number], top: Number) -> list[Part]:
    parts: list[Part] = []
    reached: Number = 0
    for kind, amount in kinds.items():
        reached += amount
        if amount:
            height = round(float(HEIGHT * amount / top), 3)
            parts.append(Part(kind, _height(reached, top), height))
    return parts


def _pieces(kind: str, steps: Sequence[Step], top: Number) -> list[str]:
    """The line as SVG points: one piece for each run of steps that have a point. A point that
    stands alone becomes a short line, or nobody would see it."""
    pieces: list[list[str]] = [[]]
    for index, step in enumerate(steps):
        point = step.points.get(kind)
        if point is None:
            pieces.append([])
            continue
        pieces[-1].append(f"{index * STRIDE + STRIDE / 2:g},{_height(point, top):g}")
    return [" ".join(piece if len(piece) > 1 else _dash(piece[0])) for piece in pieces if piece]


def _dash(point: str) -> list[str]:
    x, y = point.split(",")
    return [f"{float(x) - GAP:g},{y}", f"{float(x) + GAP:g},{y}"]


def scale(most: Number) -> Number:
    """The round number at the top: 1, 2 or 5 with zeros, not below `most`.

    Of fractions below one it is a fraction: 0.5 holds 0.3.
    """
    power: Number = 1
    if isinstance(most, Decimal) and 0 < most < 1:
        power = Decimal(10) ** most.adjusted()
    while True:
        for digit in NICE:
            if digit * power >= most:
                return digit * power
        power *= 10
