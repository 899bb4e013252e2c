"""The dossier's pictures: the quantity on hand over time, and the lot's family."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from inventory.units import plain
from staging.dossier.drawing import SIZE, Box, Drawing, Label, Line, Point

WIDTH = 511.0
"""The breadth of an A4 page between its margins."""

# --- quantity over time -------------------------------------------------------------------------

HIGH, LEFT, TOP = 130.0, 56.0, 10.0
"""The plot's own height, and what is kept free beside and above it."""

Step = tuple[datetime, Decimal]


def plot(opening: Decimal, steps: Sequence[Step], until: datetime, unit: str) -> Drawing:
    """What was on hand after each movement, as a step line up to now.

    What lies too close to be told apart is drawn as its lowest and highest.
    """
    since = steps[0][0] if steps else until
    until = max([until, *(at for at, _quantity in steps[-1:])])
    most = max([opening, *(quantity for _at, quantity in steps)], default=Decimal(0)) or Decimal(1)
    span = (until - since).total_seconds() or 1.0

    def x(at: datetime) -> float:
        return LEFT + (WIDTH - LEFT - 4) * (at - since).total_seconds() / span

    def y(quantity: Decimal) -> float:
        return TOP + HIGH * float(1 - quantity / most)

    line = list(_stairs([(x(at), y(quantity)) for at, quantity in steps], y(opening), x(until)))
    shapes: list[Any] = [*_frame(most, unit, y), Line(line, "step")]
    for at, anchor in ((since, "start"), (until, "end")):
        shapes.append(Label(x(at), TOP + HIGH + 12, f"{at:%Y-%m-%d %H:%M %Z}", anchor))
    return Drawing(_("Quantity on hand over time"), WIDTH, TOP + HIGH + 18, shapes)


def _frame(most: Decimal, unit: str, y: Any) -> Iterator[Line | Label]:
    for share in (Decimal(0), most / 2, most):
        kind = "grid" if share else "axis"
        yield Line([(LEFT, y(share)), (WIDTH - 4, y(share))], kind)
        words = f"{plain(round(share, 6).normalize())} {unit}"
        yield Label(LEFT - 5, y(share) + SIZE / 3, words, "end")
    yield Line([(LEFT, TOP), (LEFT, TOP + HIGH)], "axis")


def _stairs(corners: Iterable[Point], first: float, end: float) -> Iterator[Point]:
    """The line through the steps, thinned to four points for each half point of breadth."""
    columns: dict[int, list[Point]] = defaultdict(list)
    for corner in corners:
        columns[int(corner[0] * 2)].append(corner)
    level = first
    yield LEFT, first
    for there in columns.values():
        x, heights = there[0][0], [height for _x, height in there]
        yield x, level
        for height in (min(heights), max(heights)) if len(heights) > 2 else heights[:-1]:
            yield x, height
        level = heights[-1]
        yield x, level
    yield end, level


# --- genealogy ----------------------------------------------------------------------------------

LEVELS, MOST_IN_COLUMN = 2, 12
BOX_WIDTH, BOX_HEIGHT, GAP = 84.0, 26.0, 8.0
LETTERS = 19
"""Letters that fit into a box."""


def family(lot: str, made_from: Sequence[Any], went_into: Sequence[Any]) -> Drawing:
    """The lot between those it was made from and those it went into, two generations each way."""
    columns: dict[int, list[str]] = {0: [lot]}
    for sign, links in ((-1, made_from), (1, went_into)):
        for link in links:
            if link["depth"] <= LEVELS:
                columns.setdefault(sign * link["depth"], []).append(link["far"])
    shown = {
        level: list(dict.fromkeys(codes))[:MOST_IN_COLUMN]
        for level, codes in sorted(columns.items())
    }
    tallest = max(map(len, shown.values()))
    height = tallest * (BOX_HEIGHT + GAP) + SIZE + 6
    corners = dict(_places(shown, height))
    shapes: list[Any] = [*_ties(corners, made_from, -1), *_ties(corners, went_into, 1)]
    for (level, code), (x, y) in corners.items():
        shapes += _card(code, x, y, strong=level == 0)
    for level, codes in shown.items():
        if left := len(set(columns[level])) - len(codes):
            x = corners[level, codes[0]][0]
            shapes.append(Label(x, height - 2, _("and %(count)s more") % {"count": left}))
    return Drawing(_("Genealogy of %(lot)s") % {"lot": lot}, WIDTH, height, shapes)


Place = tuple[int, str]


def _places(shown: Mapping[int, Sequence[str]], height: float) -> Iterator[tuple[Place, Point]]:
    """Where each lot's box stands: by generation from the left, in the middle of its column."""
    first, last = min(shown), max(shown)
    apart = (WIDTH - BOX_WIDTH) / max(last - first, 1)
    for level, codes in shown.items():
        top = (height - SIZE - 6 - len(codes) * (BOX_HEIGHT + GAP)) / 2 + GAP / 2
        for index, code in enumerate(codes):
            x = (level - first) * apart if last > first else (WIDTH - BOX_WIDTH) / 2
            yield (level, code), (x, top + index * (BOX_HEIGHT + GAP))


def _ties(corners: Mapping[Place, Point], links: Sequence[Any], sign: int) -> Iterator[Line]:
    for link in links:
        near = corners.get((sign * (link["depth"] - 1), link["near"]))
        far = corners.get((sign * link["depth"], link["far"]))
        if near and far:
            left, right = (far, near) if sign < 0 else (near, far)
            start = (left[0] + BOX_WIDTH, left[1] + BOX_HEIGHT / 2)
            yield Line([start, (right[0], right[1] + BOX_HEIGHT / 2)], "link")


def _card(code: str, x: float, y: float, *, strong: bool) -> Iterator[Box | Label]:
    yield Box(x, y, BOX_WIDTH, BOX_HEIGHT, strong)
    material, _slash, number = code.rpartition("/")
    yield Label(x + 4, y + 10, _short(material))
    yield Label(x + 4, y + 20, _short(number), strong=True)


def _short(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
