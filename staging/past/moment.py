"""A past moment, and by which of the two clocks what happened until then is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from inventory.audit import CLOCK_TOLERANCE
from inventory.errors import Refused
from inventory.fields import Words
from inventory.models import Movement
from inventory.wording import moment_in_words
from inventory.zones import gate_day

R = TypeVar("R", bound=Model)

SLOWEST = timedelta(hours=1)
"""Longer than any action takes from the time that it writes down to the writing."""


class Known(TextChoices):
    """Which of its two times says whether something had happened by then."""

    NOW = "now", _("As we know it now")
    THEN = "then", _("As it was known then")


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened up to `at`, and at it, counts; what happened after it does not."""

    at: datetime
    known: Known = Known.NOW

    @property
    def column(self) -> str:
        """Of `Recorded`, and of what has the same two times."""
        return "recorded_at" if self.known == Known.THEN else "occurred_at"

    def after(self, rows: QuerySet[R]) -> QuerySet[R]:
        """What came after. Nothing is recorded before it happens, but for clocks that differ, so
        that an index of recorded times finds it."""
        since = self.at if self.known == Known.THEN else self.at - CLOCK_TOLERANCE
        return rows.filter(**{f"{self.column}__gt": self.at, "recorded_at__gt": since})

    def until(self, rows: QuerySet[R]) -> QuerySet[R]:
        """What had happened by then."""
        return rows.filter(**{f"{self.column}__lte": self.at})

    def first_movement_after(self) -> int | None:
        """A number that no movement after the moment is below; None where there is none.

        The ledger's indexes of places go by numbers. Numbers are given when rows are written, and
        so later than the time that stands in them, by less than `SLOWEST`.
        """
        near = self.at - CLOCK_TOLERANCE - SLOWEST
        rows = Movement.objects.filter(recorded_at__gt=near).order_by("recorded_at")
        return rows.values_list("pk", flat=True).first()

    def day(self) -> date:
        """The day that the gate decided by."""
        return gate_day(self.at)


def latest_first(rows: Iterable[Any], moment: Moment) -> list[Any]:
    """Rows of history, so that what each says it was before can be put back in turn."""
    return sorted(rows, key=lambda row: (getattr(row, moment.column), row.pk), reverse=True)


def require_past(moment: Moment, now: datetime) -> None:
    """Refuse `time_in_future`, and `before_first_record` where nothing had been recorded yet."""
    if moment.at > now:
        raise Refused(
            _("%(at)s lies in the future."),
            code="time_in_future",
            field="at",
            hint=_("Ask for a moment that has passed."),
            at=moment_in_words(moment.at),
        )
    column = moment.column
    first = Movement.objects.order_by(column).values_list(column, flat=True).first()
    if first is None or moment.at < first:
        raise before_first(_("the plant"), first)


def before_first(what: Words | str, first: datetime | None) -> Refused:
    """The refusal of a moment before anything was recorded of something."""
    return Refused(
        _("Nothing is recorded of %(what)s before %(first)s.")
        if first
        else _("Nothing is recorded of %(what)s yet."),
        code="before_first_record",
        field="at",
        hint=_("Ask for a later moment."),
        facts={"first": first.isoformat() if first else None},
        what=what,
        first=moment_in_words(first) if first else "",
    )
