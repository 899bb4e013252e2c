"""What happens to alerts, as events: the steps of their history, each as it stood then."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from itertools import chain
from typing import Any
from uuid import UUID

from django.urls import reverse

from integration.feed.kinds import Content, Facets
from integration.feed.stamps import stamp_of
from inventory.models import AuditEntry
from staging.alerting.life import Life, replay
from staging.api.serializers import AlertSerializer
from staging.models import Alert, AlertStep, AlertStepKind

_FIRST = (
    "id", "reason", "detail", "severity", "level", "times", "lot", "location", "container",
    "demand", "raised_at", "assigned_to",
)  # fmt: skip
_ACKNOWLEDGED = ("acknowledged_at", "acknowledged_by", "acknowledge_reason")
_KNOWN = {
    AlertStepKind.ACKNOWLEDGED: _ACKNOWLEDGED,
    AlertStepKind.SNOOZED: ("snoozed_until",),
    AlertStepKind.CLOSED: (*_ACKNOWLEDGED, "closed_at"),
}
"""What more is told with a step."""

_SHOWN = AlertSerializer()  # to make one for each row takes ten times as long


def facets(topic: str, keys: Collection[int]) -> dict[int, Facets]:
    rows = AlertStep.objects.filter(pk__in=keys).order_by()
    return {
        pk: Facets(topic, site, None, lot, demand or "", level, severity, reason)
        for pk, site, lot, demand, level, severity, reason in rows.values_list(
            "pk", "alert__site", "alert__lot", "alert__demand__reference",
            "level", "severity", "alert__reason",
        )
    }  # fmt: skip


def contents(wanted: Mapping[str, Collection[int]]) -> dict[tuple[str, int], Content]:
    keys = set(chain(*wanted.values()))
    concerned = AlertStep.objects.filter(pk__in=keys).values("alert")
    told = AlertStep.objects.filter(alert__in=concerned).select_related("actor", "assigned_to")
    by_alert: dict[int, list[AlertStep]] = defaultdict(list)
    for step in told.order_by("pk"):
        by_alert[step.alert_id].append(step)
    rows = Alert.objects.select_related("site", "demand", "lot__material", "location", "container")
    alerts = rows.in_bulk(by_alert)
    entries = _entries(step for steps in by_alert.values() for step in steps if step.pk in keys)
    return {
        (f"alert.{step.kind}", step.pk): _content(step, life, alerts[alert], entries)
        for alert, steps in by_alert.items()
        for step, life in replay(steps)
        if step.pk in keys
    }


_Entries = Mapping[tuple[UUID, str], AuditEntry]


def _entries(steps: Iterable[AlertStep]) -> _Entries:
    """What the audit trail knows of what people did."""
    batches = {step.batch for step in steps if step.batch}
    if not batches:
        return {}
    rows = AuditEntry.objects.filter(batch__in=batches, subject_type=Alert._meta.label_lower)
    return {(row.batch, row.subject_id): row for row in rows.select_related("actor")}


def _content(step: AlertStep, life: Life, alert: Alert, entries: _Entries) -> Content:
    shown = _SHOWN.to_representation(_as_it_was(alert, life))
    more = _KNOWN.get(AlertStepKind(step.kind), ())
    data: dict[str, Any] = {name: shown[name] for name in (*_FIRST, *more)}
    data |= {
        "why": step.reason,
        "material": alert.lot.material.code if alert.lot else None,
        "site": alert.site.code,
        "link": reverse("alert-detail", args=[alert.pk]),
    }
    entry = entries.get((step.batch, str(alert.pk))) if step.batch else None
    if entry:  # `reason` is the alert's; what the person gave is `why`
        data |= {name: value for name, value in stamp_of(entry).items() if name != "reason"}
    return Content(step.at, _subject(alert), data)


def _as_it_was(alert: Alert, life: Life) -> Alert:
    then = copy(alert)
    then._state = copy(alert._state)
    then._state.fields_cache = dict(alert._state.fields_cache)
    for name in Life.__slots__:
        setattr(then, name, getattr(life, name))
    then.severity = life.severity or alert.severity  # older steps may not say
    return then


def _subject(alert: Alert) -> str:
    """What it is about, by the first of these that it names."""
    if alert.lot:
        return f"lot:{alert.lot.code}"
    if alert.demand:
        return f"demand:{alert.demand.reference}"
    return f"location:{alert.location.code}" if alert.location else f"site:{alert.site.code}"
