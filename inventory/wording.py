"""What is put into sentences, in the notation of whoever reads them; and what is kept.

Records are read for years, by people of other languages: what the product itself writes into them
is in the installation's language (`FORESTAGE_LANGUAGE`), whoever caused it. What people write, and
all codes, stay as they are. The functions here are lazy, so that a refusal can be said in the
reader's language and be kept in the installation's.
"""

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format, get_format, number_format
from django.utils.functional import lazy
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django_stubs_ext import StrPromise

LONGEST = 40
"""Digits of a number that is written out."""

NOUNS_IN_CAPITALS = ("de",)
"""Languages in which a word keeps its capital inside a sentence."""


def on_record() -> AbstractContextManager[None]:
    """Within it, texts come in the language in which the product writes its records."""
    return translation.override(settings.LANGUAGE_CODE)


def recorded(text: str | StrPromise) -> str:
    """A text of the product as it is kept."""
    with on_record():
        return str(text)


def _spelled(quantity: Decimal) -> str:
    if abs(quantity.adjusted()) > LONGEST:  # `1e999999` is short to type, and long to write out
        return f"{quantity.normalize():g}"
    text = plain(quantity)
    return number_format(text, len(text.partition(".")[2]), force_grouping=False)


def _grouped(count: int) -> str:
    return number_format(count, force_grouping=True)


def full_name(user: Any) -> str:
    """A person as pages name them; '' for nobody."""
    return str(user.get_full_name() or user.get_username()) if user else ""


def _inside(label: str | StrPromise) -> str:
    keeps = (get_language() or "").startswith(NOUNS_IN_CAPITALS)
    return str(label) if keeps else _WORD.sub(_small, str(label))


_WORD = re.compile(r"\w+")


def _small(word: re.Match[str]) -> str:
    """An abbreviation stays one: QA."""
    text = word[0]
    return text if len(text) > 1 and text.isupper() else text.lower()


def _joined(labels: Iterable[str | StrPromise]) -> str:
    return " / ".join(_inside(label) for label in labels)


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def _moment(moment: datetime) -> str:
    return date_format(localtime(moment), "DATETIME_FORMAT")


spelled = lazy(_spelled, str)
"""A quantity as people write it: `12.5`, `12,5`; never grouped, so that nobody mistakes it."""

grouped = lazy(_grouped, str)
"""A count as people write it: `12,500`, `12.500`."""

joined = lazy(_joined, str)
"""Labels within a sentence, one or the other."""

inside = lazy(_inside, str)
"""A label within a sentence."""

day_in_words = lazy(_day, str)
"""A day as people write it."""

moment_in_words = lazy(_moment, str)
"""A moment as people write it, with the zone."""


def plain(quantity: Decimal) -> str:
    """The quantity without trailing zeros or exponent, for programs: `2500`, `0.25`."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- what people type ---------------------------------------------------------------------------

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(\D\d{3})+", re.ASCII)


class Mistakable(ValueError):  # noqa: N818 - it is said of the number
    """`1.250` is one thing in English and another in German."""


def number_of(text: str) -> Decimal:
    """The number that a person typed, in the notation of the language: `12.5`, `1,250.5` in
    English, `12,5`, `1.250,5` in German.

    The other language's decimal sign is taken where it can mean nothing else. Raises `Mistakable`
    where it can, and ValueError for what is no number.
    """
    point = get_format("DECIMAL_SEPARATOR")
    other = "," if point == "." else "."
    whole, found, decimals = "".join(text.split()).partition(point)
    if other in whole:
        grouped = bool(GROUPED.fullmatch(whole))
        if not found and whole.count(other) == 1:
            if grouped:
                raise Mistakable(text)
            whole, found, decimals = whole.partition(other)
        elif grouped:
            whole = whole.replace(other, "")
    plainly = f"{whole}.{decimals}" if found else whole
    if not NUMBER.fullmatch(plainly):
        raise ValueError(text)
    return Decimal(plainly)


def ways_to_write(text: str) -> dict[str, str]:
    """Parameters of the words that ask for one of the two meanings of a `Mistakable`."""
    whole, decimals = text.replace(",", ".").split(".")
    point = get_format("DECIMAL_SEPARATOR")
    return {
        "value": text,
        "whole": f"{whole}{decimals}",
        "decimal": f"{whole}{point}{decimals.rstrip('0') or '0'}",
    }
