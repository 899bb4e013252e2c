"""Codes and their symbols: DataMatrix and Code 128, by GS1 or with a code of our own.

The modules of a picture come from zxing-cpp; a printer makes its own from ZPL, for which Code 128
is put into characters here, see `code128`.
"""

from dataclasses import dataclass
from functools import lru_cache

import zxingcpp

from inventory import gs1

LONGEST_BARS = 80
"""Characters of Code 128: more than a scanner takes in one sweep."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a symbol carries: an element string by GS1, or else a text."""

    text: str = ""
    elements: gs1.Elements = ()

    @property
    def scanned(self) -> str:
        """What a reader sends, without symbology identifier."""
        return gs1.raw(self.elements) if self.elements else self.text

    @property
    def readable(self) -> str:
        return gs1.readable(self.elements) if self.elements else self.text

    @property
    def fits_bars(self) -> bool:
        """Whether Code 128 can carry it: printable ASCII, and by GS1 not too much."""
        if self.elements:
            return len(self.scanned) <= gs1.LONGEST_SYMBOL
        return (
            self.text.isascii() and self.text.isprintable() and 0 < len(self.text) <= LONGEST_BARS
        )


@lru_cache(maxsize=4096)
def matrix(code: Code) -> tuple[str, ...]:
    """The rows of a square DataMatrix, without quiet zone: `1` is dark."""
    return _modules(code, zxingcpp.BarcodeFormat.DataMatrix)


@lru_cache(maxsize=4096)
def bars(code: Code) -> str:
    """The modules of Code 128, without quiet zones: `1` is dark."""
    return _modules(code, zxingcpp.BarcodeFormat.Code128)[0]


def _modules(code: Code, kind: zxingcpp.BarcodeFormat) -> tuple[str, ...]:
    content = gs1.bracketed(code.elements) if code.elements else code.text
    made = zxingcpp.create_barcode(content, kind, gs1=bool(code.elements), force_square=True)
    picture = memoryview(made.to_image(scale=1, add_quiet_zones=False))  # type: ignore[arg-type]
    assert picture.shape  # noqa: S101 - a picture has a height and a width
    height, width = picture.shape[:2]
    dark = bytes.maketrans(bytes(range(256)), b"1" + b"0" * 255)
    flat = picture.tobytes().translate(dark).decode()
    return tuple(flat[row * width : (row + 1) * width] for row in range(height))
