"""Stacked bars over time, in the units of an SVG that has no text: words stand beside it in HTML.

The drawing is stretched to the width there is, so widths are shares, and letters would be too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 100
STRIDE, GAP = 10, 2
NICE = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar; `kind` names its colour."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands over one step; `words` is what it says when pointed at."""

    x: int
    width: int
    words: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars on a scale from 0 to `top`; `middle` is half of it, 0 where that is no whole number."""

    bars: list[Bar]
    width: int
    top: int

    @property
    def middle(self) -> int:
        return self.top // 2 if self.top % 2 == 0 else 0


def chart(steps: Sequence[tuple[str, dict[str, int]]]) -> Chart:
    """Steps with their words and the amount of each kind, the lowest piece first."""
    top = scale(max((sum(kinds.values()) for _words, kinds in steps), default=0))
    bars = [
        Bar(index * STRIDE + GAP // 2, STRIDE - GAP, words, _stacked(kinds, top))
        for index, (words, kinds) in enumerate(steps)
    ]
    return Chart(bars, len(steps) * STRIDE, top)


def _stacked(kinds: dict[str, int], top: int) -> list[Part]:
    parts, reached = [], 0
    for kind, amount in kinds.items():
        reached += amount
        if amount:
            height, y = HEIGHT * amount / top, HEIGHT - HEIGHT * reached / top
            parts.append(Part(kind, round(y, 3), round(height, 3)))
    return parts


def scale(most: int) -> int:
    """The round number at the top: 1, 2 or 5 with zeros, not below `most`."""
    power = 1
    while True:
        for digit in NICE:
            if digit * power >= most:
                return digit * power
        power *= 10
