"""What GS1 says of numbers and element strings (General Specifications, sections 3, 4 and 7).

The pure side: no database, no pictures. An element string is a list of elements; how it becomes
bars is the business of whoever draws it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from inventory.check_digits import check_digit, is_checked

SEPARATOR = "\x1d"
"""What a reader sends where a symbol has FNC1 after an element of no fixed length."""

_CSET_82 = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+")
"""The characters of an alphanumeric element (figure 7.11-1)."""

_FIXED = frozenset(f"{number:02}" for number in (*range(5), *range(11, 21), *range(31, 37), 41))
"""First digits of the AIs of predefined length, after which no FNC1 stands (figure 7.8.5-2)."""

LONGEST_TEXT = 20
"""Characters of a batch number, AI (10), or a serial number, AI (21)."""

LONGEST_SYMBOL = 48
"""Characters of data that one GS1-128 symbol may hold, FNC1 within included (5.4.1)."""

MEASURED = {
    "KGM": ("310", 0),
    "GRM": ("310", 3),
    "LTR": ("315", 0),
    "MLT": ("315", 3),
    "MTR": ("311", 0),
    "CMT": ("311", 2),
    "MTK": ("314", 0),
}
"""AI of a trade measure by unit (UN/CEFACT), and by how many decimals the unit is finer."""


@dataclass(frozen=True, slots=True)
class Element:
    """An application identifier with its data."""

    ai: str
    value: str

    @property
    def is_fixed(self) -> bool:
        return self.ai[:2] in _FIXED

    @property
    def readable(self) -> str:
        """As people read it below the bars: the AI in parentheses, which are not in the bars."""
        return f"({self.ai}){self.value}"

    def __len__(self) -> int:
        return len(self.ai) + len(self.value)


Elements = tuple[Element, ...]


def sscc(extension: int, prefix: str, serial: int) -> str:
    """A serial shipping container code: extension digit, company prefix, serial, check digit.

    Raises ValueError where the serial has more digits than the prefix leaves to it.
    """
    room = serials_of(prefix)
    if serial >= room:
        raise ValueError(f"Serial {serial} is beyond the {room} that the prefix {prefix} leaves.")
    digits = f"{extension}{prefix}{serial:0{16 - len(prefix)}}"
    return f"{digits}{check_digit(digits)}"


def serials_of(prefix: str) -> int:
    """How many SSCCs a company prefix has for each extension digit."""
    return int(10 ** (16 - len(prefix)))


def is_text(value: str) -> bool:
    """Whether a batch or serial number may stand in an element as it is."""
    return len(value) <= LONGEST_TEXT and bool(_CSET_82.fullmatch(value))


def gtin14(gtin: str) -> str:
    """A GTIN of 8, 12, 13 or 14 digits with zeros in front; '' where its check digit is wrong."""
    return gtin.zfill(14) if len(gtin) in (8, 12, 13, 14) and is_checked(gtin) else ""


def day(value: date) -> str:
    """YYMMDD."""
    return f"{value:%y%m%d}"


def measure(quantity: Decimal, unit: str) -> Element | None:
    """A net weight, volume, length or area, exactly; None where it cannot be said exactly."""
    if unit not in MEASURED:
        return None
    ai, finer = MEASURED[unit]
    exact = quantity.scaleb(-finer).normalize()
    exponent = exact.as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 6
    value = f"{exact.scaleb(decimals):.0f}"
    if decimals > 5 or len(value) > 6 or quantity <= 0:
        return None
    return Element(f"{ai}{decimals}", value.zfill(6))


def count(ai: str, quantity: Decimal) -> Element | None:
    """A count of items, (30) or (37); None where it is no whole number of up to 8 digits."""
    if quantity != quantity.to_integral_value() or not 0 < quantity < 10**8:
        return None
    return Element(ai, f"{quantity:.0f}")


def in_order(elements: Iterable[Element]) -> Elements:
    """Those of predefined length first, which saves separators."""
    return tuple(sorted(elements, key=lambda element: not element.is_fixed))


def raw(elements: Sequence[Element], separator: str = SEPARATOR) -> str:
    """The element string as a reader sends it, without symbology identifier."""
    parts = [
        f"{element.ai}{element.value}{'' if element.is_fixed or last else separator}"
        for element, last in zip(elements, [False] * (len(elements) - 1) + [True], strict=True)
    ]
    return "".join(parts)


def bracketed(elements: Sequence[Element]) -> str:
    """With AIs in square brackets, which no value holds: what encoders take."""
    return "".join(f"[{element.ai}]{element.value}" for element in elements)


def readable(elements: Sequence[Element]) -> str:
    """The human readable interpretation (4.15)."""
    return " ".join(element.readable for element in elements)
