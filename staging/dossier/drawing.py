"""A picture of lines, boxes and words, in points from the top left: for SVG and PDF alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points. `kind` is how it is drawn: axis, grid, step or link."""

    points: Sequence[Point]
    kind: str


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A word; `anchor` says which end of it stands at the point: start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """`title` is what it shows, for who cannot see it."""

    title: str
    width: float
    height: float
    shapes: Sequence[Line | Box | Label]


SIZE = 7.0
"""Of words, in points."""


def to_svg(drawing: Drawing) -> SafeString:
    """As an SVG element. Classes say how it looks: the CSP knows no style attributes."""
    return format_html(
        '<svg class="drawing" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        f"{drawing.width:.1f}",
        f"{drawing.height:.1f}",
        drawing.title,
        format_html_join("", "{}", ((_shape(shape),) for shape in drawing.shapes)),
    )


def _shape(shape: Line | Box | Label) -> SafeString:
    if isinstance(shape, Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        return format_html('<polyline class="d-{}" points="{}"/>', shape.kind, points)
    if isinstance(shape, Box):
        numbers = (shape.x, shape.y, shape.width, shape.height)
        x, y, width, height = (f"{number:.1f}" for number in numbers)
        kind = "d-box d-strong" if shape.strong else "d-box"
        return format_html(
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>',
            kind, x, y, width, height,
        )  # fmt: skip
    kind = "d-word d-strong" if shape.strong else "d-word"
    return format_html(
        '<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>',
        kind, f"{shape.x:.1f}", f"{shape.y:.1f}", shape.anchor, shape.text,
    )  # fmt: skip
