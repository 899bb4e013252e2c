"""Values as they stand in a file."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from inventory.wording import plain

FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""How text begins that a spreadsheet takes for a formula; some take the wide forms as well."""


def as_text(value: Any) -> str:
    """A value in CSV: moments in ISO with their offset, spans in seconds, nested values as JSON.

    Text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return local(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(seconds(value))
    if isinstance(value, dict | list | tuple):
        return dumps(value) if value else ""
    return neutral(str(value))


def neutral(text: str) -> str:
    """The text, so that no spreadsheet computes it: blanks in front do not help it."""
    start = text.lstrip()
    if text[:1] in ("\t", "\r", "\n") or start.startswith(FORMULA):
        return f"'{text}"
    return text


def meant(text: str) -> str:
    """What was made `neutral`, as it was."""
    rest = text[1:]
    return rest if text.startswith("'") and neutral(rest) != rest else text


def local(moment: datetime) -> datetime:
    """By the clock of whoever the file is made for."""
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def seconds(span: timedelta) -> int:
    """Whole seconds, rounded."""
    return round(span / timedelta(seconds=1))


def dumps(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
