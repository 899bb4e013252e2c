"""Code 128 as a Zebra printer takes it: characters with invocation codes (ISO/IEC 15417).

Runs of digits go two to a character (subset C), all else one by one (subset B). FNC1 stands first
in a GS1-128 symbol, and after each element of no fixed length but the last.
"""

import re

from inventory.gs1 import SEPARATOR
from staging.labels.symbols import Code

START_B, START_C = ">:", ">;"
TO_B, TO_C = ">6", ">5"
FNC1 = ">8"
ESCAPES = {">": ">0", "^": "><", "~": ">="}

_PARTS = re.compile(rf"{SEPARATOR}|\d+|[^\d{SEPARATOR}]+")
SHORTEST_RUN = 4
"""Digits for which it pays to change to subset C."""

START, CHECK, STOP = 11, 11, 13
"""Modules; each character has 11."""


def characters(code: Code) -> list[str]:
    """The symbol's characters as invocation codes, pairs of digits and single characters."""
    text = code.scanned
    in_c = bool(re.match(r"\d{4}|(\d\d)+$", text))
    found = [START_C if in_c else START_B, *([FNC1] if code.elements else [])]
    for part in _PARTS.findall(text):
        if part == SEPARATOR:
            found.append(FNC1)
        elif part[0].isdigit() and (len(part) >= SHORTEST_RUN or (in_c and len(part) >= 2)):
            in_c = _digits(part, in_c, found)
        else:
            found += [] if not in_c else [TO_B]
            in_c = False
            found += [ESCAPES.get(letter, letter) for letter in part]
    return found


def _digits(run: str, in_c: bool, found: list[str]) -> bool:
    """Pairs, and the odd one by itself: in front while in subset B, else behind."""
    if len(run) % 2 and not in_c:
        found.append(run[0])
        run = run[1:]
    odd = run[-1] if len(run) % 2 else ""
    found += [] if in_c else [TO_C]
    found += [run[i : i + 2] for i in range(0, len(run) - len(odd), 2)]
    found += [TO_B, odd] if odd else []
    return not odd


def width(code: Code) -> int:
    """Modules from the first bar to the last. Never less than a picture of the same code has."""
    return START + CHECK + STOP + 11 * (len(characters(code)) - 1)
