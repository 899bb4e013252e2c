"""A graph in columns: boxes with lines between them, each column in the middle of the height."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from staging.charts.drawing import SIZE, Box, Drawing, Label, Line, Link, Point, Shape

WIDTH = 511.0
"""The breadth of an A4 page between its margins."""

BOX_WIDTH, BOX_HEIGHT, GAP = 84.0, 26.0, 8.0
APART = 36.0
"""The least there is between two columns, so that the lines between them can be told apart."""

LETTERS = 19
"""Letters that fit into a box."""


@dataclass(frozen=True, slots=True)
class Node:
    """A box of two lines, the second strong. `goes_on`: more hangs on it than is drawn."""

    key: Hashable
    first: str
    second: str
    strong: bool = False
    url: str = ""
    title: str = ""
    goes_on: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """Boxes above each other. `more` says how many are left out, `url` leads to them."""

    nodes: Sequence[Node]
    more: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tie:
    """A line from a box to one on its right."""

    left: Hashable
    right: Hashable
    title: str = ""


@dataclass(slots=True)
class _Layout:
    width: float
    height: float
    corners: dict[Hashable, Point] = field(default_factory=dict)


def graph(
    title: str, columns: Sequence[Column], ties: Sequence[Tie], *, summary: str = ""
) -> Drawing:
    """Draw the columns from left to right. A tie to a box that is left out is left out too."""
    layout = _laid_out(columns)
    shapes: list[Shape | Link] = [*_ties(layout.corners, ties)]
    for column in columns:
        for node in column.nodes:
            shapes += _card(node, *layout.corners[node.key])
        if column.more:
            x = layout.corners[column.nodes[0].key][0] if column.nodes else 0.0
            left_out = Label(x, layout.height - 2, column.more)
            shapes.append(Link(column.url, column.more, [left_out]) if column.url else left_out)
    return Drawing(title, layout.width, layout.height, shapes, summary)


def _laid_out(columns: Sequence[Column]) -> _Layout:
    """Where each box stands: by column from the left, in the middle of its column."""
    tallest = max(len(column.nodes) for column in columns)
    steps = max(len(columns) - 1, 1)
    apart = max((WIDTH - BOX_WIDTH) / steps, BOX_WIDTH + APART)
    alone = len(columns) == 1
    layout = _Layout(
        WIDTH if alone else BOX_WIDTH + apart * steps, tallest * (BOX_HEIGHT + GAP) + SIZE + 6
    )
    for number, column in enumerate(columns):
        top = (layout.height - SIZE - 6 - len(column.nodes) * (BOX_HEIGHT + GAP)) / 2 + GAP / 2
        for index, node in enumerate(column.nodes):
            x = (WIDTH - BOX_WIDTH) / 2 if alone else number * apart
            layout.corners[node.key] = (x, top + index * (BOX_HEIGHT + GAP))
    return layout


def _ties(corners: Mapping[Hashable, Point], ties: Sequence[Tie]) -> Iterator[Line]:
    for tie in ties:
        left, right = corners.get(tie.left), corners.get(tie.right)
        if left and right:
            start = (left[0] + BOX_WIDTH, left[1] + BOX_HEIGHT / 2)
            yield Line([start, (right[0], right[1] + BOX_HEIGHT / 2)], "link", tie.title)


def _card(node: Node, x: float, y: float) -> list[Shape | Link]:
    shapes: list[Shape] = [
        Box(x, y, BOX_WIDTH, BOX_HEIGHT, node.strong),
        Label(x + 4, y + 10, short(node.first)),
        Label(x + 4, y + 20, short(node.second), strong=True),
    ]
    card: list[Shape | Link] = [Link(node.url, node.title, shapes)] if node.url else [*shapes]
    if node.goes_on:
        card.append(Label(x + BOX_WIDTH - 4, y + 10, node.goes_on, "end", strong=True))
    return card


def short(text: str, letters: int = LETTERS) -> str:
    """The text, cut where it is longer than fits."""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
