"""The letters of what is printed: the fonts, and how text fits into a width.

The fonts have Latin, Greek, Cyrillic and more, and go into each PDF, as far as it uses them.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FONTS = Path(__file__).parent / "fonts"
PLAIN, BOLD = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold"

INK, QUIET = "#111111", "#555555"


@lru_cache(maxsize=1)
def load_fonts() -> frozenset[int]:
    """Read the fonts, once; the letters that both have: Latin, Greek, Cyrillic and more.

    Not those beyond U+FFFF: reportlab draws them, but who copies or searches the text gets others.
    """
    known = set(range(0x10000))
    for name in (PLAIN, BOLD):
        font = TTFont(name, FONTS / f"{name}.ttf")
        pdfmetrics.registerFont(font)
        known &= font.face.charToGlyph.keys()
    return frozenset(known)


def printable(text: str) -> str:
    """With what the font lacks by its number, so that nothing goes missing: `[U+1F600]`.

    Right-to-left text keeps the order in which it is stored.
    """
    known = load_fonts()
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one if one == "\n" or (ord(one) in known and one.isprintable()) else _number(one)
        for one in text.replace("\r\n", "\n").replace("\t", " ").replace("\N{NO-BREAK SPACE}", " ")
    )


def _number(letter: str) -> str:
    return f"[U+{ord(letter):04X}]"


@lru_cache(maxsize=20_000)
def wrapped(text: str, width: float, font: str, size: float) -> tuple[str, ...]:
    """The lines of a text; words that are longer than a line are broken where it ends."""
    found: list[str] = []
    for paragraph in printable(text).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if pdfmetrics.stringWidth(longer, font, size) <= width:
                line = longer
                continue
            found += [line] if line else []
            *whole, line = _broken(word, width, font, size)
            found += whole
        found.append(line)
    return tuple(found)


def _broken(word: str, width: float, font: str, size: float) -> Iterator[str]:
    part, taken = "", 0.0
    for letter in word:
        broad = pdfmetrics.stringWidth(letter, font, size)
        if part and taken + broad > width:
            yield part
            part, taken = "", 0.0
        part, taken = part + letter, taken + broad
    yield part
