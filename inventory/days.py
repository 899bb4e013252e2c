"""Days and moments that can be meant, on every surface."""

from datetime import UTC, date, datetime

from django.core.validators import MaxValueValidator, MinValueValidator

EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)
"""Days beyond these are slips of the keyboard, and dates computed from them overflow."""

DAYS = (MinValueValidator(EARLIEST), MaxValueValidator(LATEST))
MOMENTS = (
    MinValueValidator(datetime(EARLIEST.year, 1, 1, tzinfo=UTC)),
    MaxValueValidator(datetime(LATEST.year, 12, 31, tzinfo=UTC)),
)
"""Validators of a day, and of a moment, that somebody has entered."""
