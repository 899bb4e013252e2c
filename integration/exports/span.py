"""Which part of the records: by the numbers of movements, or by when they were recorded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Min, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inventory import sites
from inventory.errors import Refused
from inventory.models import Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Movements from one number to another, both included; what was recorded from a moment on and
    before another. What is left out bounds nothing."""

    from_number: int | None = None
    to_number: int | None = None
    recorded_from: datetime | None = None
    recorded_before: datetime | None = None

    def checked(self) -> "Span":
        """Refuses `range_backwards`."""
        for field, start, end in (
            ("to_number", self.from_number, self.to_number),
            ("recorded_before", self.recorded_from, self.recorded_before),
        ):
            if start is not None and end is not None and start > end:  # type: ignore[operator]
                raise Refused(
                    _("The range ends before it begins."),
                    code="range_backwards",
                    field=field,
                    hint=_("Exchange the two, or leave one of them out."),
                )
        return self

    def movements(self) -> QuerySet[Movement]:
        numbers = Q()
        if self.from_number is not None:
            numbers &= Q(pk__gte=self.from_number)
        if self.to_number is not None:
            numbers &= Q(pk__lte=self.to_number)
        return Movement.objects.filter(numbers & self._period())

    def of(self, model: Any) -> QuerySet[Any]:
        """Other records of the same time. Where numbers bound the movements, it is theirs."""
        if model is Movement:
            return self.movements()
        found = self._period()
        if self.from_number is not None or self.to_number is not None:
            known = self.movements().aggregate(since=Min("recorded_at"), until=Max("recorded_at"))
            none: QuerySet[Any] = model.objects.none()
            if known["since"] is None:
                return none
            if self.from_number is not None:
                found &= Q(recorded_at__gte=known["since"])
            if self.to_number is not None:
                found &= Q(recorded_at__lte=known["until"])
        rows: QuerySet[Any] = model.objects.filter(found)
        return rows

    def _period(self) -> Q:
        found = Q()
        if self.recorded_from:
            found &= Q(recorded_at__gte=self.recorded_from)
        if self.recorded_before:
            found &= Q(recorded_at__lt=self.recorded_before)
        return found

    def facts(self) -> dict[str, Any]:
        """For manifest and audit trail."""
        since, before = self.recorded_from, self.recorded_before
        return {
            "from_number": self.from_number,
            "to_number": self.to_number,
            "recorded_from": since.isoformat() if since else None,
            "recorded_before": before.isoformat() if before else None,
        }

    def narrowed(self, user: Any) -> dict[str, Any]:
        """For the same: whose records alone these are, where somebody may not see them all."""
        told = sites.told_of(sites.limit_of(user))
        return {} if told is None else {"sites": told}
