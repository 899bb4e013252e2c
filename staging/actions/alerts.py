"""Acknowledge alerts: somebody knows, and says what is being done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, outbox, preconditions
from inventory.actions.common import each
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from staging.models import Alert

AlertField = Annotated[Alert, About(_("Alert"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """An alert that somebody takes up, and why it may wait or what is being done."""

    alert: AlertField
    reason: Annotated[str, About(_("Reason"), _("What is being done about it."), multiline=True)]


@transaction.atomic
def acknowledge(*, lines: Sequence[Acknowledgement], by: Actor, at: datetime) -> list[Alert]:
    """Acknowledge open alerts. Refuses `reason_needed`, `alert_closed`, `alert_acknowledged`."""
    stamp = audit.stamp(by, at, audit.require_reason(lines[0].reason))
    rows = Alert.objects.filter(pk__in=[line.alert.pk for line in lines]).order_by("pk")
    rows = rows.select_related("lot", "location").select_for_update(no_key=True, of=("self",))
    locked = {row.pk: row for row in rows}
    preconditions.locked(rows)

    def take_up(line: Acknowledgement, index: int) -> Alert:
        alert = locked[line.alert.pk]
        _check(alert)
        alert.acknowledged_at, alert.acknowledged_by = stamp.recorded_at, stamp.actor
        alert.acknowledge_reason = audit.require_reason(line.reason)
        return alert

    acknowledged = each(lines, take_up)
    # An upsert sends each column once, as one array; a bulk update, a CASE of a thousand WHENs.
    Alert.objects.bulk_create(
        acknowledged,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["acknowledged_at", "acknowledged_by", "acknowledge_reason"],
    )
    entries = [audit.Entry(subject=row, reason=row.acknowledge_reason) for row in acknowledged]
    told = audit.record_many("staging.acknowledge", entries, stamp=stamp)
    outbox.add("alert.acknowledged", [entry.pk for entry in told])
    return acknowledged


def _check(alert: Alert) -> None:
    if alert.closed_at is None and alert.acknowledged_at is None:
        return
    closed = alert.closed_at is not None
    raise Refused(
        _("The cause of this alert is gone.")
        if closed
        else _("Somebody has acknowledged this alert already."),
        code="alert_closed" if closed else "alert_acknowledged",
        field="alert",
        hint=_("Nothing is left to do here."),
    )
