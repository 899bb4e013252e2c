"""Who did what, when, through which surface, why.

Every action makes one `Stamp` and writes it on all that it records: movements, decisions, holds
and one entry of the audit trail, in the same transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from inventory.errors import Refused
from inventory.models import AuditEntry, Surface
from inventory.statements import Insert
from inventory.units import plain
from inventory.wording import moment_in_words, on_record

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a client's clock may run ahead of ours."""

SYSTEM_USERNAME = "system"

_ENTRIES = Insert(AuditEntry)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody at a surface."""

    user: User
    surface: Surface


@dataclass(frozen=True, slots=True)
class Stamp:
    """What one action writes on every record it makes."""

    actor: User
    surface: Surface
    occurred_at: datetime
    reason: str = ""
    recorded_at: datetime = field(default_factory=timezone.now)
    batch: UUID = field(default_factory=uuid7)

    def columns(self) -> dict[str, Any]:
        """The columns of `inventory.models.Recorded`."""
        return {
            "actor": self.actor,
            "surface": self.surface,
            "reason": self.reason,
            "occurred_at": self.occurred_at,
            "recorded_at": self.recorded_at,
            "batch": self.batch,
        }


def stamp(by: Actor, at: datetime, reason: str = "") -> Stamp:
    """Stamp an action. Refuses `time_in_future` when `at` is ahead of the server's clock."""
    made = Stamp(actor=by.user, surface=by.surface, occurred_at=at, reason=reason.strip())
    if at > made.recorded_at + CLOCK_TOLERANCE:
        raise Refused(
            _("%(at)s lies in the future."),
            code="time_in_future",
            field="at",
            hint=_("Set the clock of the device, or leave the time out."),
            at=moment_in_words(at),
        )
    return made


def system(surface: Surface = Surface.TASK) -> Actor:
    """The product itself, when no person is behind an action."""
    return Actor(User.objects.get(username=SYSTEM_USERNAME), surface)


def require_reason(reason: str, *, field: str = "reason") -> str:
    """The reason without surrounding blanks. Refuses `reason_needed` when there is none."""
    if not reason.strip():
        raise Refused(
            _("State a reason."),
            code="reason_needed",
            field=field,
            hint=_("Say in a few words why; it is kept in the audit trail."),
        )
    return reason.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the trail says of one of the things that an action touched.

    `reason` is the thing's own, where it differs from the stamp's.
    """

    subject: models.Model | None = None
    changes: Mapping[str, list[Any]] | None = None
    facts: Mapping[str, Any] | None = None
    reason: str | None = None


def record(
    action: str,
    *,
    stamp: Stamp,
    subject: models.Model | None = None,
    changes: Mapping[str, list[Any]] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Write one entry of the audit trail."""
    return record_many(action, [Entry(subject=subject, changes=changes, facts=facts)], stamp=stamp)[
        0
    ]


def record_many(action: str, entries: Iterable[Entry], *, stamp: Stamp) -> list[AuditEntry]:
    """Write an entry for each thing that an action touched, in one statement."""
    with on_record():
        rows = [_row(action, stamp, entry) for entry in entries]
    _ENTRIES(rows)
    return rows


def _row(action: str, stamp: Stamp, entry: Entry) -> AuditEntry:
    subject = entry.subject
    return AuditEntry(
        action=action,
        subject_type=subject._meta.label_lower if subject else "",
        subject_id=str(subject.pk) if subject else "",
        subject=str(subject)[:200] if subject else "",
        changes=dict(entry.changes or {}),
        facts=dict(entry.facts or {}),
        **stamp.columns() | ({} if entry.reason is None else {"reason": entry.reason.strip()}),
    )


def differences(before: models.Model | None, after: models.Model) -> dict[str, list[Any]]:
    """Old and new value of each field that differs; `before` is None for a new row."""
    found = {}
    for column in after._meta.concrete_fields:
        new = _plain(column, after)
        old = _plain(column, before) if before else None
        if old != new:
            found[column.name] = [old, new]
    return found


def _plain(column: models.Field[Any, Any], row: models.Model) -> str | int | bool | None:
    value = column.value_from_object(row)
    if isinstance(value, Decimal):
        return plain(value)  # 250 and 250.000000 are the same
    return value if value is None or isinstance(value, bool | int | str) else str(value)
