"""Check digits of GS1 keys, and the check pair of those with letters (GS1 General Specifications,
section 7.9)."""

from functools import cache
from itertools import cycle

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_LETTERS = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_PAIR = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def check_digit(digits: str) -> str:
    """The digit that belongs behind these digits of a GTIN, SSCC, GLN or other numeric key."""
    weighted = zip(reversed(digits), cycle((3, 1)), strict=False)
    return str(-sum(int(digit) * weight for digit, weight in weighted) % 10)


def is_checked(number: str) -> bool:
    """Whether it is all digits and the last one is the check digit of the others."""
    return is_digits(number) and len(number) > 1 and check_digit(number[:-1]) == number[-1]


def is_digits(text: str) -> bool:
    """Whether it is digits 0 to 9 only, and not none."""
    return text.isascii() and text.isdigit()


def is_pair_checked(key: str) -> bool:
    """Whether the last two characters are the check pair of the others."""
    body, pair = key[:-2], key[-2:]
    if len(key) < 2 or any(letter not in _LETTERS for letter in body):
        return False
    weights = zip(reversed(body), _primes(), strict=False)
    total = sum(_LETTERS.index(letter) * prime for letter, prime in weights) % 1021
    return pair == _PAIR[total >> 5] + _PAIR[total & 31]


@cache
def _primes() -> list[int]:
    """The first hundred: no key is longer."""
    found: list[int] = []
    number = 2
    while len(found) < 100:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def gtin_forms(gtin: str) -> list[str]:
    """A GTIN as it may be written: with 14 digits, or fewer if those before are zeros."""
    full = gtin.zfill(14)
    return [full[-length:] for length in (14, 13, 12, 8) if not full[:-length].strip("0")]


def validate_check_digit(number: str) -> None:
    """A validator for numeric keys. Refuses `bad_check_digit`; leaves other faults to others."""
    if is_digits(number) and not is_checked(number):
        raise ValidationError(
            _("The last digit should be %(digit)s: look for a mistyped digit."),
            code="bad_check_digit",
            params={"digit": check_digit(number[:-1])},
        )
