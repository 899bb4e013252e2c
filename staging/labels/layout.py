"""Where everything of a label stands, in millimetres from its upper left corner.

One layout for PDF and ZPL, so that both say the same. Modules are whole dots of the printer; texts
are measured with the fonts of the PDF, which are broader than a printer's own.
"""

import math
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias

from django.utils.translation import gettext_lazy as _
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics

from inventory.errors import Refused
from inventory.gs1 import Elements
from staging.labels import code128
from staging.labels.content import Label
from staging.labels.symbols import Code, matrix
from staging.letters import BOLD, PLAIN, load_fonts, wrapped

LEADING = 1.18
LEAST_TEXT = 1.7
"""The smallest letters, in millimetres from line to line: 4.8 points."""

LOGISTIC = (98.0, 140.0)
"""From this size on, a label is laid out as a GS1 logistic label (A6 and larger)."""
LOGISTIC_MODULE, LOGISTIC_HEIGHT = 0.495, 32.0
"""X-dimension and bar height, in millimetres, at least (General Specifications 5.12.3, table 5)."""
HRI_HEIGHT = 4.2
"""Text size below the bars: capitals and digits are then 3 mm high, as GS1 asks."""
SPACE_FOR_TEXT = 54.0
"""What bars of contents leave to text and DataMatrix on a logistic label."""

QUIET_BARS, QUIET_MATRIX = 10, 2
"""Modules left white at the sides of bars; around a DataMatrix (the standard asks for one)."""
LEAST_MODULE, MOST_MODULE = 0.25, 8.0
MOST_BARS = 1.0
"""Millimetres of a module, at least and at most; bars on signs may be twice as broad."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line. `y` is its top, `size` the height of its font."""

    x: float
    y: float
    size: float
    text: str
    bold: bool = False

    @property
    def baseline(self) -> float:
        return self.y + 0.8 * self.size


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""

    x: float
    y: float
    width: float
    thickness: float = 0.3


@dataclass(frozen=True, slots=True)
class Matrix:
    """A DataMatrix; `module` in millimetres."""

    x: float
    y: float
    module: float
    code: Code


@dataclass(frozen=True, slots=True)
class Bars:
    """Code 128; `x` is where the first bar begins."""

    x: float
    y: float
    module: float
    height: float
    code: Code


Shape: TypeAlias = Text | Rule | Matrix | Bars
Shapes: TypeAlias = Generator[Shape, None, None]
Measured: TypeAlias = Generator[Shape, None, float]
"""Shapes, and then how much room they took."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The label's measures and the printer's dots to the millimetre."""

    width: float
    height: float
    dots: float

    @property
    def pad(self) -> float:
        narrow = min(self.width, self.height)
        return 1.5 if narrow < 40 else max(3.0, narrow / 25)

    @property
    def breadth(self) -> float:
        return self.width - 2 * self.pad

    def module(self, at_most: float) -> float:
        """The largest module of whole dots up to a width; never less than a dot."""
        return max(1, int(min(at_most, MOST_MODULE) * self.dots + 1e-6)) / self.dots

    def module_from(self, at_least: float) -> float:
        """The smallest module of whole dots from a width on."""
        return math.ceil(at_least * self.dots - 1e-6) / self.dots


def lay_out(label: Label, frame: Frame) -> list[Shape]:
    """Place everything. Refuses `label_too_small` where what must be there has no room."""
    load_fonts()
    if label.kind == "locations":
        return list(_sign(label, frame))
    if is_logistic(label, frame):
        return list(_logistic(label, frame))
    return list(_plain(label, frame))


def is_logistic(label: Label, frame: Frame) -> bool:
    """Whether it is laid out as GS1 asks of a logistic label."""
    return bool(label.sscc) and frame.width >= LOGISTIC[0] and frame.height >= LOGISTIC[1]


# --- lots, containers without an SSCC or on small labels, demands -------------------------------


def _plain(label: Label, frame: Frame) -> Shapes:
    """Text at the left, the DataMatrix at the right, bars below where there is room."""
    bottom = yield from _foot(label, frame)
    bars = label.bars
    if bars and frame.height >= 45:
        below = _bars_at_bottom(bars, frame, bottom, height=max(9.0, frame.height * 0.2))
        if below:
            bottom = below.y - 2
            yield below
    side = min(bottom - frame.pad, frame.width * 0.4)
    side = yield from _matrix_at_right(label.code, frame, frame.pad, side)
    width = frame.breadth - side - 1.5
    yield from _fitted(label, frame, width, bottom - frame.pad)


def _fitted(label: Label, frame: Frame, width: float, height: float) -> Shapes:
    """The text as large as fits; what may be left out goes before letters get too small."""
    for facts in range(len(label.facts), label.needed - 1, -1):
        size = min(5.2, height / 7)
        while size >= LEAST_TEXT:
            lines = _lines(label, frame, size, width, facts)
            if sum(line[1] * LEADING for line in lines) <= height:
                yield from _stacked(lines, frame.pad, frame.pad)
                return
            size *= 0.94
    raise _too_small(label)


Line = tuple[str, float, bool]
"""A line's text, size, and whether it is bold."""


def _lines(label: Label, frame: Frame, size: float, width: float, facts: int) -> list[Line]:
    found = _wrapped(label.heading, size, width, bold=True)
    found += _wrapped(label.title, size * 1.25, width, bold=True)
    found += _wrapped(label.subtitle, size, width) if label.subtitle else []
    found += _wrapped(label.strong, size * 1.5, width, bold=True) if label.strong else []
    if label.sscc and not is_logistic(label, frame):  # there, it stands below its bars
        found.append((label.sscc.readable, _unbroken(label.sscc.readable, size, width), False))
    for name, value in label.facts[:facts]:
        found += _wrapped(f"{name}: {value}", size, width)
    return found


def _unbroken(text: str, size: float, width: float) -> float:
    """The size, or as much less as the text needs to stand on one line."""
    return min(size, float(size * width * mm / pdfmetrics.stringWidth(text, PLAIN, size * mm)))


def _wrapped(text: str, size: float, width: float, *, bold: bool = False) -> list[Line]:
    font = BOLD if bold else PLAIN
    return [(line, size, bold) for line in wrapped(text, width * mm, font, size * mm)]


def _stacked(lines: list[Line], x: float, y: float) -> Shapes:
    for text, size, bold in lines:
        yield Text(x, y, size, text, bold)
        y += size * LEADING


# --- GS1 logistic labels ------------------------------------------------------------------------


def _logistic(label: Label, frame: Frame) -> Shapes:
    """Title, contents and DataMatrix above; below them the bars, the SSCC's last (section 6.6)."""
    assert label.sscc is not None  # noqa: S101 - only then it is asked for
    bottom = yield from _foot(label, frame)
    module = frame.module_from(LOGISTIC_MODULE)
    for code in (label.sscc, *_in_bars(label.contents, frame, module)):
        if code is not label.sscc and bottom - _block() < frame.pad + SPACE_FOR_TEXT:
            break
        bottom -= _block()
        left = max(frame.pad, QUIET_BARS * module)
        yield Bars(left, bottom, module, LOGISTIC_HEIGHT, code)
        below = bottom + LOGISTIC_HEIGHT + 0.6
        yield from _readable(code, frame, below)
    yield Rule(frame.pad, bottom - 1.8, frame.breadth)
    height = bottom - 2.6 - frame.pad
    side = yield from _matrix_at_right(
        label.code, frame, frame.pad, min(height, frame.width * 0.36)
    )
    yield from _fitted(label, frame, frame.breadth - side - 1.5, height)


def _block() -> float:
    """Height of bars with what is below and above them."""
    return LOGISTIC_HEIGHT + HRI_HEIGHT * LEADING + 2.2


def _readable(code: Code, frame: Frame, y: float) -> Shapes:
    """The human readable interpretation: 3 mm, or as large as a long one allows."""
    size = _unbroken(code.readable, HRI_HEIGHT, frame.breadth)
    yield Text(frame.pad, y, size, code.readable)


def _in_bars(contents: Elements, frame: Frame, module: float) -> list[Code]:
    """The contents in as few symbols as the width allows; what fits in none is in the DataMatrix
    alone."""
    found: list[Code] = []
    for element in contents:
        longer = Code(elements=(*found[-1].elements, element)) if found else None
        if longer and _fits(longer, frame, module):
            found[-1] = longer
        elif _fits(Code(elements=(element,)), frame, module):
            found.append(Code(elements=(element,)))
    return found


def _fits(code: Code, frame: Frame, module: float) -> bool:
    wide = code128.width(code) + 2 * QUIET_BARS
    return code.fits_bars and wide * module <= frame.width


# --- locations ----------------------------------------------------------------------------------


def _sign(label: Label, frame: Frame) -> Shapes:
    """The code as large as the width allows, the DataMatrix large below or beside it."""
    across = frame.width > 1.3 * frame.height
    bottom = frame.height - frame.pad
    if label.bars and frame.height >= 60:
        below = _bars_at_bottom(
            label.bars, frame, bottom, height=frame.height * 0.16, at_most=2 * MOST_BARS
        )
        if below:
            bottom = below.y - 2
            yield below
    width = frame.breadth
    if across:
        side = min(bottom - frame.pad, frame.width * 0.42)
        side = yield from _matrix_at_right(label.code, frame, frame.pad, side)
        width -= side + 2
    size, lines = _largest(label.title, width, (bottom - frame.pad) * 0.42)
    y = frame.pad
    for text in lines:
        yield Text(frame.pad, y, size, text, bold=True)
        y += size * LEADING
    small = max(min(size * 0.42, frame.height / 12), LEAST_TEXT)
    rest = [_fit_line(label.subtitle, small, width), _fit_line(label.heading, small * 0.8, width)]
    rest += [_fit_line(f"{name}: {value}", small * 0.8, width) for name, value in label.facts]
    room = bottom - (0 if across else min(width, frame.height * 0.38))
    for line in rest:
        if y + line[1] * LEADING > room:
            break
        yield Text(frame.pad, y, line[1], line[0])
        y += line[1] * LEADING
    if not across:
        left = bottom - y - 1
        yield from _matrix_at_right(label.code, frame, y + 1, min(left, width), centred=True)


def _largest(text: str, width: float, height: float) -> tuple[float, list[str]]:
    """The size at which the text fills the width, on up to three lines."""
    best: tuple[float, list[str]] = (0, [])
    for count in (1, 2, 3):
        size = height / count / LEADING
        while size > LEAST_TEXT:
            lines = _at_marks(text, size, width) if count > 1 else _whole(text, size, width)
            if 0 < len(lines) <= count:
                break
            size *= 0.95
        else:
            continue
        if size > best[0] * 1.3:  # a break must be worth it
            best = (size, lines)
    if not best[1]:
        raise _no_room()
    return best


def _whole(text: str, size: float, width: float) -> list[str]:
    return [text] if pdfmetrics.stringWidth(text, BOLD, size * mm) <= width * mm else []


def _at_marks(text: str, size: float, width: float) -> list[str]:
    """A code, broken behind marks only: `RVS-` `LINE-2`. Nothing where a part is too long."""
    lines = [""]
    for part in re.findall(r"[^-._+/]+[-._+/]*|[-._+/]+", text):
        if _whole(lines[-1] + part, size, width):
            lines[-1] += part
        elif _whole(part, size, width):
            lines.append(part)
        else:
            return []
    return [line for line in lines if line]


def _fit_line(text: str, size: float, width: float) -> Line:
    """One line, cut short where it is too long."""
    first, *more = wrapped(text, width * mm, PLAIN, size * mm)
    return (f"{first[:-1]}…" if more else first, size, False)


# --- parts --------------------------------------------------------------------------------------


def _foot(label: Label, frame: Frame) -> Measured:
    """The line at the bottom: when and by whom it was printed. Returns where it begins."""
    bottom = frame.height - frame.pad
    if not label.foot:
        return bottom
    size = max(LEAST_TEXT, min(2.6, frame.height / 24))
    text, size, _bold = _fit_line(label.foot, size, frame.breadth)
    yield Text(frame.pad, bottom - size, size, text)
    return bottom - size * LEADING - 0.5


def _matrix_at_right(
    code: Code, frame: Frame, y: float, side: float, *, centred: bool = False
) -> Measured:
    """The DataMatrix, as large as fits into a square. Returns how wide it is with its margins."""
    across = len(matrix(code)) + 2 * QUIET_MATRIX
    module = frame.module(side / across)
    if module < LEAST_MODULE * 0.99 or module * across > side + 0.01:
        raise _no_room()
    wide = module * across
    x = (frame.width - wide) / 2 if centred else frame.width - frame.pad - wide
    quiet = QUIET_MATRIX * module
    yield Matrix(x + quiet, y + quiet, module, code)
    return wide


def _bars_at_bottom(
    code: Code, frame: Frame, bottom: float, *, height: float, at_most: float = MOST_BARS
) -> Bars | None:
    """Bars across the whole width; None where they would be too fine to be read."""
    if not code.fits_bars:
        return None
    across = code128.width(code) + 2 * QUIET_BARS
    module = frame.module(min(frame.breadth / across, at_most))
    if module < LEAST_MODULE * 0.99 or module * across > frame.breadth + 0.01:
        return None
    return Bars(frame.pad + QUIET_BARS * module, bottom - height, module, height, code)


def _no_room() -> Refused:
    return Refused(
        _("The label is too small for its code."),
        code="label_too_small",
        field="size",
        hint=_("Choose a larger label."),
    )


def _too_small(label: Label) -> Refused:
    return Refused(
        _("The label is too small for what must stand on the label of %(title)s."),
        code="label_too_small",
        field="size",
        hint=_("Choose a larger label."),
        title=label.title,
    )
