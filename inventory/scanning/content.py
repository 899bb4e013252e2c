"""What the data of an element string must be like beyond its length and characters.

From the GS1 General Specifications, section 3. Whether a country, currency or company prefix has
been allotted is not looked up: such lists grow, and a good label must not be refused for it.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from functools import cache

from inventory.check_digits import is_checked, is_digits, is_pair_checked

Rule = Callable[[str], bool]


def _matches(pattern: str) -> Rule:
    found = re.compile(pattern, re.ASCII)
    return lambda text: found.fullmatch(text) is not None


def _is_day(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def is_date(text: str) -> bool:
    """A day as YYMMDD or YYYYMMDD, and a day that there was or will be."""
    if not is_digits(text) or len(text) not in (6, 8):
        return False
    year, rest = text[:-4], text[-4:]
    return _is_day(int(year) + (2000 if len(year) == 2 else 0), int(rest[:2]), int(rest[2:]))


def is_date_or_month(text: str) -> bool:
    """The same, where day 00 stands for the month's last."""
    return is_date(text[:-2] + "01" if text[-2:] == "00" else text)


def is_part_of_total(text: str) -> bool:
    """Piece and total, equally long: 0103 is the first of three."""
    half = len(text) // 2
    if not is_digits(text) or len(text) % 2:
        return False
    return 0 < int(text[:half]) <= int(text[half:])


def is_iban(text: str) -> bool:
    """An international bank account number whose check digits are right (ISO 13616)."""
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}", text):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def is_position(text: str) -> bool:
    """Position and number of a birth: 2/3."""
    found = re.fullmatch(r"([1-9][0-9]*)/([1-9][0-9]*)", text)
    return found is not None and int(found[1]) <= int(found[2])


def is_degrees(most: int) -> Rule:
    """Ten digits: degrees above the lowest value, times ten million."""
    return lambda text: is_digits(text) and len(text) == 10 and int(text) <= most * 10**7


RULES: dict[str, Rule] = {
    "csum": is_checked,
    "csumalpha": is_pair_checked,
    "gcppos1": _matches(r"\d{4}.*"),
    "hasnondigit": _matches(r".*\D.*"),
    "hh": _matches(r"[01]\d|2[0-3]"),
    "hhmi": _matches(r"([01]\d|2[0-3])[0-5]\d"),
    "hyphen": _matches(r"-+"),
    "iban": is_iban,
    "importeridx": _matches(r"[0-9A-Za-z_-]"),
    "iso3166": _matches(r"\d{3}"),
    "iso3166alpha2": _matches(r"[A-Z]{2}"),
    "iso5218": _matches(r"[0129]"),
    "latitude": is_degrees(180),
    "longitude": is_degrees(360),
    "mediatype": _matches(r"0[1-9]|10|8\d|9\d"),
    "mi": _matches(r"[0-5]\d"),
    "nonzero": _matches(r"\d*[1-9]\d*"),
    "nozeroprefix": _matches(r"([1-9]\d*)?"),
    "packagetype": _matches(r"(?!0+$)[0-9A-Z]{1,4}"),
    "pcenc": _matches(r"([^%]|%[0-9A-Fa-f]{2})*"),
    "pieceoftotal": is_part_of_total,
    "posinseqslash": is_position,
    "ss": _matches(r"[0-5]\d"),
    "winding": _matches(r"[019]"),
    "yesno": _matches(r"[01]"),
    "yymmd0": lambda text: len(text) == 6 and is_date_or_month(text),
    "yymmdd": lambda text: len(text) == 6 and is_date(text),
    "yyyymmd0": lambda text: len(text) == 8 and is_date_or_month(text),
    "yyyymmdd": lambda text: len(text) == 8 and is_date(text),
    "zero": _matches(r"0+"),
}
"""By the names that the GS1 syntax dictionary gives them."""

_PARTS = """
csum 0 18: 00 8017 8018
csum 0 14: 01 02 03 8006 8026
csum 0 13: 253 255 410 411 412 413 414 415 416 417
csum 0 17: 402
csum 1 14: 8003
csumalpha 0 25: 8013 8014
gcppos1 0 30: 401 7023 8004 8010 8013 8014
hasnondigit 0 25: 8014
hhmi 6 10: 4324 4325 7003 7011
hhmi 8 12: 7251
iban 0 34: 8007
importeridx 3 4: 7040
iso3166alpha2 0 2: 4307 4317
iso5218 0 1: 7252
latitude 0 10: 4309
longitude 10 20: 4309
mediatype 0 2: 7241
nonzero 0 4: 8001
nonzero 4 9: 8001
nonzero 9 12: 8001
nozeroprefix 0 12: 8011
packagetype 0 4: 7041
pcenc 0 90: 4300 4301 4302 4303 4304 4305 4306 4310 4311 4312 4313 4314 4315 4316 4320 7253 7254
pcenc 0 90: 7256 7257 7259
pieceoftotal 14 18: 8006 8026
posinseqslash 0 3: 7258
winding 12 13: 8001
yymmd0 0 6: 11 12 13 15 16 17 4324 4325
yymmdd 0 6: 4326 7003 7006 7007 7011 8008
yymmdd 6 12: 7007
yyyymmdd 0 8: 7250 7251
"""
"""Rule, first and last position of the part it is about, and the identifiers that have it."""


@cache
def _parts() -> dict[str, list[tuple[str, slice]]]:
    found: dict[str, list[tuple[str, slice]]] = {}
    for line in _PARTS.strip().splitlines():
        what, identifiers = line.split(":")
        rule, start, stop = what.split()
        for identifier in identifiers.split():
            found.setdefault(identifier, []).append((rule, slice(int(start), int(stop))))
    return found


def broken_rule(identifier: str, value: str) -> str | None:
    """The first rule that the value breaks. A part that may be left out is no breach."""
    for rule, part in _parts().get(identifier, ()):
        text = value[part]
        if not RULES[rule](text) and (text or part.start == 0):
            return rule
    return None
