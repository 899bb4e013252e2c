"""Labels as ZPL II, for label printers.

Whatever stands in a field came from outside: each byte that is no letter, digit or harmless mark
is written as a hexadecimal escape (`^FH`), so that no name can hold a command. A DataMatrix has
its FNC1 as `_1` (`^BX` with `_` as its escape), Code 128 as `>8`.
"""

from collections.abc import Iterable, Sequence

from staging.labels import code128
from staging.labels.content import Label
from staging.labels.layout import Bars, Frame, Matrix, Rule, Shape, Text, lay_out
from staging.labels.symbols import Code, matrix
from staging.models import LabelSize

DOTS = {"203": 8.0, "300": 300 / 25.4}
"""Dots to the millimetre by resolution. What is called 203 dpi has eight."""

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;()/+-*=<>")
FH = "\\"
"""Before a hexadecimal escape; `_` is taken by the DataMatrix."""


def zpl(labels: Sequence[Label], size: LabelSize, resolution: str) -> bytes:
    """A format for each label; its copies are the printer's to make. Refuses `label_too_small`."""
    frame = Frame(float(size.width), float(size.height), DOTS[resolution])
    return "".join(_format(label, frame) for label in labels).encode("ascii")


def _format(label: Label, frame: Frame) -> str:
    lines = [
        "^XA",
        "^CI28",  # UTF-8
        f"^PW{_dots(frame.width, frame)}",
        f"^LL{_dots(frame.height, frame)}",
        "^LH0,0",
        *(_field(shape, frame) for shape in lay_out(label, frame)),
        f"^PQ{label.copies}",
        "^XZ",
    ]
    return "\n".join(lines) + "\n"


def _dots(length: float, frame: Frame) -> int:
    return round(length * frame.dots)


def _field(shape: Shape, frame: Frame) -> str:
    at = f"^FO{_dots(shape.x, frame)},{_dots(shape.y, frame)}"
    if isinstance(shape, Text):
        high = _dots(shape.size, frame)
        # The printer's own font is about as broad as ours if its cells are a little narrower.
        wide = _dots(shape.size * (0.92 if shape.bold else 0.84), frame)
        return f"{at}^A0N,{high},{wide}^FH{FH}^FD{escaped(shape.text.encode())}^FS"
    if isinstance(shape, Rule):
        thick = max(1, _dots(shape.thickness, frame))
        return f"{at}^GB{_dots(shape.width, frame)},{thick},{thick}^FS"
    module = _dots(shape.module, frame)
    if isinstance(shape, Bars):
        data = escaped("".join(code128.characters(shape.code)).encode("ascii"))
        return f"{at}^BY{module}^BCN,{_dots(shape.height, frame)},N,N,N^FH{FH}^FD{data}^FS"
    return f"{at}{_matrix(shape, module)}"


def _matrix(shape: Matrix, module: int) -> str:
    side = len(matrix(shape.code))
    data = escaped(matrix_data(shape.code))
    return f"^BXN,{module},200,{side},{side},,_,1^FH{FH}^FD{data}^FS"


def matrix_data(code: Code) -> bytes:
    """What `^BX` takes: `_1` for FNC1, `__` for an underscore, `_d195` for a byte beyond ASCII."""
    if code.elements:
        parts = ["_1"]
        for number, element in enumerate(code.elements, 1):
            parts += [element.ai, element.value.replace("_", "__")]
            if not element.is_fixed and number < len(code.elements):
                parts.append("_1")
        return "".join(parts).encode("ascii")
    return b"".join(_own(code.text.encode()))


def _own(text: bytes) -> Iterable[bytes]:
    for byte in text:
        if byte == ord("_"):
            yield b"__"
        elif 32 <= byte < 127:
            yield bytes([byte])
        else:
            yield b"_d%03d" % byte


def escaped(field: bytes) -> str:
    """The field with everything as an escape that might mean something to the printer."""
    return "".join(
        chr(byte) if byte in _PLAIN or byte == ord("_") else f"{FH}{byte:02X}" for byte in field
    )
