"""Reading labels back: from the pixels of a PDF, and from the fields of ZPL."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from inventory import gs1
from inventory.models import Material
from staging.labels.lines import KINDS, Format, Resolution
from staging.labels.printing import How, Printed, print_labels
from staging.models import LabelSize
from tests.api.conftest import api_as as api_as
from tests.plant import Plant

GTIN = "09521234000013"


@dataclass(frozen=True)
class Scanned:
    """What a reader makes of a symbol: its symbology identifier and its data."""

    identifier: str
    data: str


def scans(pdf: bytes, dpi: int = 300) -> list[list[Scanned]]:
    """The symbols on each page, from top to bottom."""
    found = []
    for page in pypdfium2.PdfDocument(pdf):
        picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
        read = sorted(zxingcpp.read_barcodes(picture), key=lambda one: one.position.top_left.y)
        found.append([Scanned(one.symbology_identifier, _data(one)) for one in read])
    return found


def _data(one: Any) -> str:
    if one.content_type == zxingcpp.ContentType.GS1:
        return one.bytes.decode("ascii")
    return str(one.text)


# --- ZPL ----------------------------------------------------------------------------------------


def formats(zpl: bytes) -> list[str]:
    return re.findall(r"\^XA(.*?)\^XZ", zpl.decode("ascii"), re.S)


def fields(label: str) -> Iterator[tuple[str, bytes]]:
    """The command that draws each field, and its data with `^FH` undone."""
    for command, data in re.findall(r"\^(A0|BX|BC)[^\^]*\^FH\\\^FD(.*?)\^FS", label, re.S):
        yield command, re.sub(rb"\\([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), data.encode())


def symbols(label: str) -> list[Scanned]:
    """What the printer's symbols will say."""
    read = {"BX": _matrix, "BC": _bars}
    return [read[command](data) for command, data in fields(label) if command in read]


def _matrix(data: bytes) -> Scanned:
    gs = data.startswith(b"_1")
    data = data[2:] if gs else data

    def undo(match: re.Match[bytes]) -> bytes:
        if match[0] == b"__":
            return b"_"
        return gs1.SEPARATOR.encode() if match[0] == b"_1" else bytes([int(match[1])])

    plain = re.sub(rb"__|_1|_d(\d{3})", undo, data)
    return Scanned("]d2" if gs else "]d1", plain.decode())


def _bars(data: bytes) -> Scanned:
    """Reads invocation codes as a Zebra printer does."""
    text, found, in_c = data.decode("ascii"), [], False
    position = 0
    while position < len(text):
        two = text[position : position + 2]
        if two[0] == ">":
            position += 2
            if two in (">;", ">5"):
                in_c = True
            elif two in (">:", ">6"):
                in_c = False
            else:
                found.append({">8": gs1.SEPARATOR, ">0": ">", "><": "^", ">=": "~"}[two])
        elif in_c:
            assert len(two) == 2
            assert two.isdigit(), "subset C takes pairs of digits"
            found.append(two)
            position += 2
        else:
            found.append(two[0])
            position += 1
    gs = found[0] == gs1.SEPARATOR
    return Scanned("]C1" if gs else "]C0", "".join(found[1:] if gs else found))


# --- printing -----------------------------------------------------------------------------------


def size(code: str) -> LabelSize:
    return LabelSize.objects.get(code=code)


def make(
    plant: Plant, kind: str, *lines: Any, on: str = "", format: Format = Format.PDF,
    resolution: Resolution = Resolution.COARSE, skip: int = 0,
) -> Printed:  # fmt: skip
    """Print lines of a kind; a thing stands for a line of its own."""
    found = KINDS[kind]
    lines = tuple(
        one if isinstance(one, found.line) else found.line(**{found.field: one}) for one in lines
    )
    how = How(size(on or found.usual_size), format, resolution, skip)
    return print_labels(kind=found, lines=lines, how=how, by=plant.operator, at=plant.now)


@pytest.fixture
def tablets(plant: Plant) -> Material:
    """A finished good with a GTIN, counted in pieces."""
    return plant.pieces(code="TAB", name="Tablets", gtin=GTIN, kind="finished")
