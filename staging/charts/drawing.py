"""A picture of lines, boxes and words, in points from the top left: for SVG and PDF alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points. `kind` is how it is drawn: axis, grid, step, link or band (a filled
    shape). `title` is what it says when pointed at."""

    points: Sequence[Point]
    kind: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A box. `kind` is how it is filled, where it is no plain one."""

    x: float
    y: float
    width: float
    height: float
    strong: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A word; `anchor` says which end of it stands at the point: start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    strong: bool = False


Shape = Line | Box | Label


@dataclass(frozen=True, slots=True)
class Link:
    """Shapes that lead somewhere; `title` names where to, for who cannot see them."""

    url: str
    title: str
    shapes: Sequence[Shape]

    @property
    def name(self) -> str:
        """The title, behind the words that are seen: who speaks to the machine says those."""
        seen = " ".join(shape.text for shape in self.shapes if isinstance(shape, Label))
        return self.title if self.title.startswith(seen) else f"{seen}: {self.title}"


@dataclass(frozen=True, slots=True)
class Drawing:
    """`title` is what it shows, for who cannot see it, and `summary` what there is to know of it.

    Only what is drawn for the screen has links.
    """

    title: str
    width: float
    height: float
    shapes: Sequence[Shape | Link]
    summary: str = ""

    @property
    def plain(self) -> list[Shape]:
        """The shapes, those of links among them."""
        return [
            shape
            for part in self.shapes
            for shape in (part.shapes if isinstance(part, Link) else [part])
        ]


SIZE = 7.0
"""Of words, in points."""


def to_svg(drawing: Drawing) -> SafeString:
    """As an SVG element. Classes say how it looks: the CSP knows no style attributes.

    Without links it is one image; with links a group, in which each is found by the keyboard.
    """
    linked = any(isinstance(shape, Link) for shape in drawing.shapes)
    return format_html(
        '<svg class="drawing" viewBox="0 0 {} {}" role="{}" aria-label="{}">{}{}</svg>',
        f"{drawing.width:.1f}",
        f"{drawing.height:.1f}",
        "group" if linked else "img",
        drawing.title,
        format_html("<desc>{}</desc>", drawing.summary) if drawing.summary else SafeString(""),
        _all(drawing.shapes),
    )


def _all(shapes: Sequence[Shape | Link], apart: str = "") -> SafeString:
    return format_html_join(apart, "{}", ((_shape(shape),) for shape in shapes))


def _shape(shape: Shape | Link) -> SafeString:
    if isinstance(shape, Link):
        return format_html(
            '<a href="{}" aria-label="{}"><title>{}</title>{}</a>',
            shape.url, shape.name, shape.title, _all(shape.shapes, apart=" "),
        )  # fmt: skip
    if isinstance(shape, Line):
        return _line(shape)
    if isinstance(shape, Box):
        numbers = (shape.x, shape.y, shape.width, shape.height)
        x, y, width, height = (f"{number:.1f}" for number in numbers)
        kind = "d-box d-strong" if shape.strong else "d-box"
        return format_html(
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>',
            f"{kind} d-{shape.kind}" if shape.kind else kind, x, y, width, height,
        )  # fmt: skip
    kind = "d-word d-strong" if shape.strong else "d-word"
    return format_html(
        '<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>',
        kind, f"{shape.x:.1f}", f"{shape.y:.1f}", shape.anchor, shape.text,
    )  # fmt: skip


def _line(line: Line) -> SafeString:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.points)
    if not line.title:
        return format_html('<polyline class="d-{}" points="{}"/>', line.kind, points)
    return format_html(
        '<polyline class="d-{}" points="{}"><title>{}</title></polyline>',
        line.kind, points, line.title,
    )  # fmt: skip
