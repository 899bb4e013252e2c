"""From the text that a scanner or a person gives to what it says."""

import re
from collections.abc import Iterable
from datetime import date

from biip import ParseError
from biip.gs1_element_strings import GS1ElementString
from biip.upc import Upc
from django.utils.translation import gettext_lazy as _

from inventory.check_digits import is_checked, is_digits
from inventory.errors import Refused
from inventory.gs1 import SEPARATOR
from inventory.scanning import digital_link, element_strings
from inventory.scanning.element_strings import Elements, bad_gs1
from inventory.scanning.measures import quantity_of
from inventory.scanning.scan import Form, Scan

LONGEST = 500
"""Characters. The longest labels say less; a Digital Link may say it at more length."""

STANDS_FOR_SEPARATOR = ("{GS}", "<GS>", "[GS]", "␝", "|", "~", "^")
"""What scanners can be set to send instead of GS, which not every keyboard has. None of them can
stand in GS1 data, except `<GS>`, which nobody prints."""

_GS1_SYMBOLS = ("]C1", "]d2", "]Q3", "]e0", "]e1", "]e2", "]J1")
_EAN_SYMBOLS = {"]E0": (8, 12, 13), "]E4": (8,)}
_ITF = "]I1"
_OTHER_SYMBOL = re.compile(r"\][A-Zcdeopsz][0-9A-Za-z]")
_CHECKED_KEYS = ("00", "01", "02", "253", "402", "414", "8003", "8006")
_GTIN_LENGTHS = (8, 12, 13, 14)


def as_scanned(text: str) -> str:
    """A scan as it comes with a request: without what no code holds, and no longer than any."""
    return text.replace("\x00", "").strip()[:LONGEST]


def read(text: str) -> Scan:
    """What the text says.

    A text is taken for GS1 if its symbology identifier, a separator or brackets say so, for a
    Digital Link if it is a web address. Without any of these it is GS1 only if it is without fault
    from its first key to its end; else it is plain, as our own codes are.

    Refuses what is GS1 and wrong: `bad_gs1`, `unknown_ai`, `bad_check_digit`, `repeated_ai`,
    `incomplete_gs1`, `contradictory_gs1`, `coupon_scanned`, `bad_link`; and `unknown_symbol`.
    """
    symbol, data = _without_symbol(text.strip(" \t\r\n"))
    if symbol in _GS1_SYMBOLS:
        return _of(data, "gs1", element_strings.raw(_separated(data)))
    if symbol in _EAN_SYMBOLS:
        return _ean_symbol(symbol, data)
    if symbol == _ITF and len(data) == 14:  # of another length it is no GTIN, but a code of ours
        return _of(data, "ean", element_strings.of_pairs([("01", data)]))
    if digital_link.is_link(data):
        return _of(data, "digital_link", element_strings.of_pairs(digital_link.pairs(data)))
    if element_strings.is_bracketed(data):
        return _of(data, "gs1", element_strings.bracketed(data))
    if SEPARATOR in data:
        return _of(data, "gs1", element_strings.raw(_separated(data)))
    if is_checked(data) and len(data) in _GTIN_LENGTHS:
        return _of(data, "ean", element_strings.of_pairs([("01", data.zfill(14))]), is_sure=False)
    return _gs1_without_fault(data) or Scan(data)


def may_say_more(text: str) -> bool:
    """Whether it may be anything but plain. Quick, for the many that are not."""
    return (
        text[:1] in ("]", "(")
        or SEPARATOR in text
        or is_digits(text[:8])
        or digital_link.is_link(text)
    )


def _without_symbol(text: str) -> tuple[str, str]:
    """The symbology identifier (ISO/IEC 15424) and what follows it."""
    if not text.startswith("]"):
        return "", text
    symbol = text[:3]
    if symbol not in _GS1_SYMBOLS and not _OTHER_SYMBOL.fullmatch(symbol):
        raise Refused(
            _("“%(symbol)s” is no symbology identifier."),
            code="unknown_symbol",
            hint=_("Scan it again."),
            symbol=symbol,
        )
    return symbol, text[3:]


def _separated(text: str) -> str:
    """With GS wherever a scanner sent something in its place."""
    if SEPARATOR not in text:
        for substitute in STANDS_FOR_SEPARATOR:
            text = text.replace(substitute, SEPARATOR)
    return text.lstrip(SEPARATOR)


def _ean_symbol(symbol: str, text: str) -> Scan:
    """An EAN or UPC symbol, perhaps with a GS1 composite component above it."""
    number, _mark, composite = text.partition("|]e0")
    if not is_digits(number) or len(number) not in _EAN_SYMBOLS[symbol]:
        raise bad_gs1(text)
    if symbol == "]E0" and len(number) == 8:
        number = _expanded(number)
    found = element_strings.of_pairs([("01", number.zfill(14))])
    if composite:
        found += element_strings.raw(_separated(composite))
    return _of(text, "ean", found)


def _expanded(number: str) -> str:
    """A UPC-E with the zeros that its symbol leaves out."""
    try:
        return Upc.parse(number).as_upc_a()
    except ParseError as error:
        raise bad_gs1(number) from error


def _gs1_without_fault(text: str) -> Scan | None:
    if not text.startswith(_CHECKED_KEYS):
        return None
    try:
        return _of(text, "gs1", element_strings.raw(_separated(text)), is_sure=False)
    except Refused:
        return None


def _of(text: str, form: Form, found: Iterable[GS1ElementString], *, is_sure: bool = True) -> Scan:
    elements = element_strings.together(element_strings.checked(found))
    values = {identifier: element.value for identifier, element in elements.items()}
    quantity, unit = quantity_of(elements)
    return Scan(
        text=text,
        form=form,
        is_sure=is_sure,
        sscc=values.get("00", ""),
        gtin=values.get("01") or values.get("02") or values.get("03") or "",
        lot_number=values.get("10", ""),
        serial=values.get("21", ""),
        made_on=_day(elements, "11"),
        expires_on=_day(elements, "17", "7003", "15"),
        retest_on=_day(elements, "7011"),
        quantity=quantity,
        unit=unit,
        location_gln=values.get("414", ""),
        gln_extension=values.get("254", ""),
        reference=values.get("400", ""),
        elements=values,
    )


def _day(elements: Elements, *identifiers: str) -> date | None:
    return next((elements[name].date for name in identifiers if name in elements), None)
