"""The dossier's pictures: the quantity on hand over time, and the lot's family."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from inventory.wording import spelled
from staging.charts.drawing import SIZE, Drawing, Label, Line, Point
from staging.charts.layers import WIDTH, Column, Node, Tie, graph

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
        words = f"{spelled(round(share, 6).normalize())} {unit}"
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


def family(lot: str, made_from: Sequence[Any], went_into: Sequence[Any]) -> Drawing:
    """The lot between those it was made from and those it went into, two generations each way."""
    columns: dict[int, list[str]] = {0: [lot]}
    ties: list[Tie] = []
    for sign, links in ((-1, made_from), (1, went_into)):
        for link in links:
            if link["depth"] <= LEVELS:
                near, far = sign * (link["depth"] - 1), sign * link["depth"]
                columns.setdefault(far, []).append(link["far"])
                ends = ((near, link["near"]), (far, link["far"]))
                ties.append(Tie(*(ends if sign > 0 else reversed(ends))))
    title = _("Genealogy of %(lot)s") % {"lot": lot}
    return graph(title, [_column(level, columns[level]) for level in sorted(columns)], ties)


def _column(level: int, codes: Sequence[str]) -> Column:
    """One generation: as many of its lots as a page has room for."""
    found = list(dict.fromkeys(codes))
    nodes = []
    for code in found[:MOST_IN_COLUMN]:
        material, _slash, number = code.rpartition("/")
        nodes.append(Node((level, code), material, number, strong=level == 0))
    left = len(found) - len(nodes)
    return Column(nodes, _("and %(count)s more") % {"count": left} if left else "")
