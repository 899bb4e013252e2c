"""What is put into sentences, in the notation of whoever reads them; and what is kept.

Records are read for years, by people of other languages: what the product itself writes into them
is in the installation's language (`FORESTAGE_LANGUAGE`), whoever caused it. What people write, and
all codes, stay as they are. The functions here are lazy, so that a refusal can be said in the
reader's language and be kept in the installation's.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format, number_format
from django.utils.functional import lazy
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django_stubs_ext import StrPromise

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
    text = plain(quantity)
    return number_format(text, len(text.partition(".")[2]), force_grouping=False)


def _inside(label: str | StrPromise) -> str:
    keeps = (get_language() or "").startswith(NOUNS_IN_CAPITALS)
    return str(label) if keeps else str(label).lower()


def _joined(labels: Iterable[str | StrPromise]) -> str:
    return " / ".join(_inside(label) for label in labels)


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def _moment(moment: datetime) -> str:
    return date_format(localtime(moment), "DATETIME_FORMAT")


spelled = lazy(_spelled, str)
"""A quantity as people write it: `12.5`, `12,5`; never grouped, so that nobody mistakes it."""

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
