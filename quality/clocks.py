"""The times of a lot: when each ends, how much is left, and whom that keeps from using it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from inventory import exposure
from inventory.exposure import Clock as Exposure
from inventory.models import Lot, LotStatus
from inventory.wording import day_in_words
from quality import gate
from quality.models import ShelfLifeRule

KINDS = ("expiry", "retest", "shelf_life", "time_out", "restriction")
STATES = ("over", "soon", "running", "still")

SOON = timedelta(days=30)
"""What ends sooner than that is told apart."""

SHARE = 5
"""Of the time out of storage, the last fifth is told apart."""


@dataclass(frozen=True, slots=True)
class LotClock:
    """One of `KINDS`. It may be used up to `ends_at`, which None leaves open; `since` is when it
    began to run, if it does only at times; `soon` that little is left; `whom` who would refuse it.
    """

    kind: str
    label: str
    detail: str
    at: datetime
    ends_at: datetime | None
    soon: bool = False
    whom: str = ""
    since: datetime | None = None

    @property
    def over(self) -> bool:
        return self.ends_at is not None and self.ends_at <= self.at

    @property
    def seconds_left(self) -> int | None:
        """Below zero once it is over; None where it does not run."""
        return int((self.ends_at - self.at).total_seconds()) if self.ends_at else None

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if self.over:
            return "over"
        return "soon" if self.soon else "running" if self.ends_at else "still"

    @property
    def tone(self) -> str:
        return {"over": "bad", "soon": "warn"}.get(self.state, "ok")

    @property
    def icon(self) -> str:
        icons = {"over": "exclamation-triangle-fill", "soon": "hourglass-split"}
        return icons.get(self.state, "clock" if self.ends_at else "check-circle-fill")

    @property
    def left(self) -> str:
        """In words."""
        if self.ends_at is None:
            return _("does not run")
        if self.over:
            return _("over for %(time)s") % {"time": timesince(self.ends_at, self.at)}
        return _("%(time)s left") % {"time": timeuntil(self.ends_at, self.at)}


def clocks_of(lot: Lot, at: datetime) -> list[LotClock]:
    """Expiry, retest, the shelf life that must remain and for whom, time out of storage, and the
    ends of restrictions; those that the lot has. Two statements at most. The lot comes with
    its material.
    """
    return [*_dates(lot, at), *_shelf_lives(lot, at), *_time_out(lot, at), *_permits(lot, at)]


def _dates(lot: Lot, at: datetime) -> Iterator[LotClock]:
    if lot.expires_on:
        yield _until("expiry", _("Expiry"), lot.expires_on, at)
    if lot.retest_on:
        yield _until("retest", _("Retest"), lot.retest_on, at)


def _until(kind: str, label: str, day: date, at: datetime, **more: Any) -> LotClock:
    """Usable on that day still."""
    ends = _end_of(day)
    detail = more.pop("detail", _("usable up to %(day)s") % {"day": day_in_words(day)})
    return LotClock(kind, label, detail, at, ends, ends - at <= SOON, **more)


def _end_of(day: date) -> datetime:
    following = gate.later(day, 1)
    return datetime.combine(following, time(), tzinfo=timezone.get_current_timezone())


def _shelf_lives(lot: Lot, at: datetime) -> Iterator[LotClock]:
    """What is asked for by anybody, and by each customer who asks for something else."""
    if lot.expires_on is None:
        return
    rows = ShelfLifeRule.objects.said().filter(Q(material=None) | Q(material=lot.material_id))
    rules = list(rows.select_related("customer").order_by("customer__code"))
    lives = gate.ShelfLives({(row.material_id, row.customer_id): row.days or 0 for row in rules})
    customers = {row.customer.pk: row.customer.code for row in rules if row.customer}
    for customer, whom in [(None, ""), *customers.items()]:
        days = lives.days(lot.material, customer)
        if days:
            yield _until(
                "shelf_life",
                _("Shelf life for %(customer)s") % {"customer": whom}
                if whom
                else _("Shelf life to stage or ship"),
                _earlier(lot.expires_on, days),
                at,
                detail=_("%(days)s days must remain") % {"days": days},
                whom=whom or _("anybody without a rule of his own") if customers else whom,
            )


def _earlier(day: date, days: int) -> date:
    return day - timedelta(days=min(days, (day - date.min).days))


def _time_out(lot: Lot, at: datetime) -> Iterator[LotClock]:
    budget = exposure.budget_of(lot)
    if budget is None:
        return
    clock = Exposure.of(lot)
    used = clock.at(at)
    words = {
        "used": in_words(used),
        "budget": in_words(budget),
        "condition": lot.material.get_storage_condition_display(),
    }
    detail = _("%(used)s of %(budget)s used outside “%(condition)s”") % words
    soon = budget - used <= budget / SHARE
    label = _("Time out of storage")
    yield LotClock("time_out", label, detail, at, clock.ends_at, soon, since=clock.since)


def in_words(span: timedelta) -> str:
    """Days, hours and minutes."""
    minutes = int(span.total_seconds()) // 60
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"


def _permits(lot: Lot, at: datetime) -> Iterator[LotClock]:
    if lot.status != LotStatus.RESTRICTED:
        return
    for permit in lot.restricted_uses.filter(until__isnull=False).order_by("reference"):
        if permit.until:
            label = _("Restriction to %(demand)s") % {"demand": permit.reference}
            yield _until("restriction", label, permit.until, at)
