"""Spans of time as files and programs write them: `06:00:00`, or with days `2 06:00:00`."""

import re
from datetime import timedelta

from django.utils.dateparse import parse_duration
from django.utils.duration import duration_string

SPAN = r"^(\d{1,4} )?\d{1,4}:[0-5]\d:[0-5]\d(\.\d{1,6})?$"
_SPAN = re.compile(SPAN)


def read_span(text: str) -> timedelta | None:
    """The span that is meant; None where none is. Without seconds it could be taken for minutes."""
    return parse_duration(text) if _SPAN.match(text) else None


def written(span: timedelta) -> str:
    """As it is read again, to the microsecond."""
    return duration_string(span)
