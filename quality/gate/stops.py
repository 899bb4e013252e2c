"""What can stop a lot: the codes, their words, and the dates after which it may not be used."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.fields import Words
from inventory.models import Lot, LotStatus
from inventory.wording import day_in_words, moment_in_words


@dataclass(frozen=True, slots=True)
class DateStop:
    """A date on the lot after which it may not be used: the one predicate of expiry and retest."""

    code: str
    column: str
    words: Words
    remedy: Words
    cleared_by: Words = "QA"

    def condition(self, on: date, lot: str = "", *, at: datetime | None = None) -> Q:
        """In SQL, on a day. `at` is for stops that ask the clock; left out, it is now."""
        return Q(**{f"{lot}{self.column}__lt": on})

    def met(self, lot: Lot, on: date) -> bool:
        day = getattr(lot, self.column)
        return day is not None and day < on

    def said(self, lot: Lot) -> Words:
        """The date, for its words."""
        return day_in_words(getattr(lot, self.column))


class TimeStop(DateStop):
    """A moment after which the lot may not be used."""

    def condition(self, on: date, lot: str = "", *, at: datetime | None = None) -> Q:
        now: Any = at or Now()
        return Q(**{f"{lot}{self.column}__lt": now})

    def met(self, lot: Lot, on: date) -> bool:
        moment = getattr(lot, self.column)
        return moment is not None and moment < timezone.now()

    def said(self, lot: Lot) -> Words:
        return moment_in_words(getattr(lot, self.column))


EXPIRED = DateStop(
    "lot_expired", "expires_on", _("%(lot)s expired on %(day)s."), _("Scrap it or send it back."),
    cleared_by=_("nobody, its date has passed"),
)  # fmt: skip
RETEST_DUE = DateStop(
    "lot_retest_due", "retest_on", _("%(lot)s was due for retest on %(day)s."),
    _("Have QA retest and release it again."),
)  # fmt: skip
TIME_OUT = TimeStop(
    "time_out_exceeded", "out_ends_at",
    _("%(lot)s was out of its storage condition for too long: its time ended on %(day)s."),
    _("Use another lot. QA may assess it, and give the material a longer time."),
    cleared_by=_("QA (material data)"),
)  # fmt: skip
DATE_STOPS = (EXPIRED, RETEST_DUE, TIME_OUT)

STOP_LABELS: dict[str, Words] = {
    "lot_on_hold": _("on hold"),
    "lot_expired": _("expired"),
    "lot_retest_due": _("retest due"),
    "time_out_exceeded": _("out of storage for too long"),
    "lot_quarantine": _("in quarantine"),
    "lot_rejected": _("rejected"),
    "lot_closed": _("closed"),
    "lot_restricted": _("restricted to other demands"),
    "rule_denies": _("denied by a usage rule"),
    "shelf_life_short": _("too little shelf life left"),
}


PLAIN_DENY = (LotStatus.QUARANTINE, LotStatus.REJECTED, LotStatus.CLOSED)
"""Statuses whose refusal is named after the status itself."""


def code_of(status: str) -> str:
    """The code by which a rule refuses lots of a status."""
    return f"lot_{status}" if status in PLAIN_DENY else "rule_denies"
