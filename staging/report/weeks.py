"""Weeks from Monday to Sunday, by ISO 8601, and when their report is due."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

WEEK = timedelta(days=7)
ISO_YEARS = range(1990, 2900)


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week, by its Monday."""

    monday: date

    @classmethod
    def of(cls, day: date) -> "Week":
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def read(cls, text: str) -> "Week | None":
        """`2026-W47`; None for what is no week."""
        found = re.fullmatch(r"(\d{4})-W(\d\d)", text)
        if not found or int(found[1]) not in ISO_YEARS:
            return None
        try:
            return cls(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            return None

    @classmethod
    def last(cls, at: datetime) -> "Week":
        """The last one that is over, by the installation's clock."""
        return cls.of(timezone.localdate(at, timezone.get_default_timezone())).earlier

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def earlier(self) -> "Week":
        return Week(self.monday - WEEK)

    @property
    def later(self) -> "Week":
        return Week(self.monday + WEEK)

    @property
    def due_at(self) -> datetime:
        """When its report is sent: on the Monday after, in the morning of the installation."""
        morning = datetime.combine(self.monday + WEEK, time(settings.REPORT_HOUR))
        return timezone.make_aware(morning, timezone.get_default_timezone())

    def __str__(self) -> str:
        year, week, _day = self.monday.isocalendar()
        return f"{year}-W{week:02}"
