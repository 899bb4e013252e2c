"""When a site works: weekly shifts, the days that differ, and what comes of them."""

import re
from collections.abc import Iterator
from datetime import time
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.models import Site


class Weekday(models.IntegerChoices):
    """ISO 8601's numbers."""

    MONDAY = 1, _("Monday")
    TUESDAY = 2, _("Tuesday")
    WEDNESDAY = 3, _("Wednesday")
    THURSDAY = 4, _("Thursday")
    FRIDAY = 5, _("Friday")
    SATURDAY = 6, _("Saturday")
    SUNDAY = 7, _("Sunday")


class SiteCalendar(models.Model):
    """The shifts of a site from a day on, until its next calendar begins. Before its first one, and
    at sites without any, all time counts as working time."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="calendars", verbose_name=_("site"))
    valid_from = models.DateField(_("valid from"))
    note = models.CharField(_("what it is"), max_length=200, blank=True)

    class Meta:
        ordering = ("site", "-valid_from")
        verbose_name = _("site calendar")
        verbose_name_plural = _("site calendars")
        permissions = [("put_calendar", _("Keep site calendars by file or program"))]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "valid_from"], name="one_calendar_from_a_day",
                violation_error_message=_("The site has a calendar from that day already."),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.site} · {self.valid_from}"


class Break(NamedTuple):
    starts: time
    ends: time


_BREAK = re.compile(r"^(\d\d?:\d\d)\s*[-–]\s*(\d\d?:\d\d)$")  # noqa: RUF001 - as people write it


def read_breaks(text: str) -> list[Break]:
    """`09:00-09:15, 12:00-12:30` as times of day. Raises ValidationError."""
    return list(_breaks(text))


def _breaks(text: str) -> Iterator[Break]:
    for part in filter(None, (each.strip() for each in text.split(","))):
        found = _BREAK.match(part)
        try:
            yield Break(*(_time(each) for each in found.groups() if found)) if found else _no(part)
        except ValueError:
            _no(part)


def _time(text: str) -> time:
    hours, minutes = text.split(":")
    return time(int(hours), int(minutes))


def _no(part: str) -> Break:
    raise ValidationError(
        _("“%(part)s” is no break: write 12:00-12:30, and a comma between two."),
        code="bad_break",
        params={"part": part},
    )


class Shift(models.Model):
    """A shift on some days of the week. One that ends at or before its start ends the next day; it
    belongs to the day it starts on."""

    calendar = models.ForeignKey(SiteCalendar, models.CASCADE, related_name="shifts")
    name = models.CharField(_("name"), max_length=60)
    days = models.CharField(
        _("days"), max_length=7,
        validators=[RegexValidator(r"^[1-7]+$", _("Choose at least one day."), code="bad_days")],
    )  # fmt: skip
    starts = models.TimeField(_("starts"))
    ends = models.TimeField(_("ends"), help_text=_("At or before its start: the next day."))
    breaks = models.CharField(
        _("breaks"), max_length=200, blank=True,
        help_text=_("E.g. 09:00-09:15, 12:00-12:30. No work is counted in them."),
    )  # fmt: skip

    class Meta:
        ordering = ("calendar", "starts", "pk")
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")

    def __str__(self) -> str:
        days = " ".join(Weekday(int(day)).label[:2] for day in self.days)
        return f"{self.name} {self.starts:%H:%M}–{self.ends:%H:%M}, {days}"  # noqa: RUF001

    def clean(self) -> None:
        """Breaks can be read, and lie within the shift."""
        try:
            breaks = read_breaks(self.breaks)
        except ValidationError as wrong:
            raise ValidationError({"breaks": wrong}) from wrong
        if self.starts is None or self.ends is None:
            return
        for each in breaks:
            begins, ends = self.since_start(each.starts), self.since_start(each.ends)
            if not begins < ends <= (self.since_start(self.ends) or 1440):
                raise ValidationError({"breaks": _("Each break has to lie within the shift.")})

    def since_start(self, at: time) -> int:
        """Minutes from its start to a time of day, by the clock on the wall."""
        minutes = (at.hour - self.starts.hour) * 60 + at.minute - self.starts.minute
        return minutes % 1440


class SpecialDay(models.Model):
    """A day on which a site does not work as that day of the week does: a holiday, or an extra
    working day, which works like some day of the week."""

    site = models.ForeignKey(
        Site, models.PROTECT, related_name="special_days", verbose_name=_("site")
    )
    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=120)
    works_like = models.PositiveSmallIntegerField(
        _("works like"), choices=Weekday, null=True, blank=True,
        help_text=_("Empty: a holiday, on which no shift starts."),
    )  # fmt: skip

    class Meta:
        ordering = ("site", "day")
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        permissions = [("put_special_day", _("Keep special days by file or program"))]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "day"], name="one_special_day_each",
                violation_error_message=_("The site has that day already."),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.site} · {self.day} {self.name}"


class WorkingTime(models.Model):
    """A stretch of working time of a site, worked out of its calendars; `before` is how much there
    was before it, in microseconds.

    The first and the last reach beyond what the calendars are worked out for: what lies there
    counts as if it were worked through, so that each count comes to an end.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    before = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["site", "starts_at"], name="working_time_by_start"),
            models.Index(fields=["site", "before"], name="working_time_by_count"),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.starts_at}"
