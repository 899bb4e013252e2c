"""Alerts raised, acknowledged and closed, as events.

The clock raises and closes them; of an acknowledgement, the audit trail knows the rest.
"""

from collections.abc import Collection, Mapping
from itertools import chain
from typing import Any

from django.urls import reverse

from integration.feed.kinds import Content, Facets
from integration.feed.stamps import entries, stamp_of
from inventory.models import AuditEntry
from staging.api.serializers import AlertSerializer
from staging.models import Alert

RAISED, ACKNOWLEDGED, CLOSED = "alert.raised", "alert.acknowledged", "alert.closed"

_FIRST = (
    "id", "reason", "detail", "lot", "location", "container", "demand", "raised_at",
)  # fmt: skip
_KNOWN = {
    RAISED: _FIRST,
    ACKNOWLEDGED: (*_FIRST, "acknowledged_at", "acknowledged_by", "acknowledge_reason"),
    CLOSED: (*_FIRST, "acknowledged_at", "acknowledged_by", "acknowledge_reason", "closed_at"),
}
"""What was known of an alert by then."""


_SHOWN = AlertSerializer()  # to make one for each row takes ten times as long


def facets(topic: str, keys: Collection[int]) -> dict[int, Facets]:
    alerts = {key: key for key in keys}
    if topic == ACKNOWLEDGED:
        subjects = AuditEntry.objects.filter(pk__in=keys).values_list("pk", "subject_id")
        alerts = {key: int(alert) for key, alert in subjects}
    rows = Alert.objects.filter(pk__in=alerts.values()).order_by()
    found = {
        pk: Facets(topic, site, lot=lot, demand=demand or "")
        for pk, site, lot, demand in rows.values_list("pk", "site", "lot", "demand__reference")
    }
    return {key: found[alert] for key, alert in alerts.items()}


def contents(wanted: Mapping[str, Collection[int]]) -> dict[tuple[str, int], Content]:
    taken_up = entries(wanted[ACKNOWLEDGED]) if wanted.get(ACKNOWLEDGED) else {}
    about = {(ACKNOWLEDGED, key): int(row.subject_id) for key, row in taken_up.items()}
    for topic in (RAISED, CLOSED):
        about |= {(topic, key): key for key in wanted.get(topic, ())}
    rows = Alert.objects.select_related(
        "site", "demand", "lot__material", "location", "container", "acknowledged_by"
    )
    alerts = rows.in_bulk(list(chain(about.values())))
    return {
        (topic, key): _content(topic, alerts[alert], taken_up.get(key))
        for (topic, key), alert in about.items()
    }


def _content(topic: str, alert: Alert, entry: AuditEntry | None) -> Content:
    shown = _SHOWN.to_representation(alert)
    data: dict[str, Any] = {name: shown[name] for name in _KNOWN[topic]}
    data |= {
        "material": alert.lot.material.code if alert.lot else None,
        "site": alert.site.code,
        "link": reverse("alert-detail", args=[alert.pk]),
    }
    if topic == ACKNOWLEDGED and entry:  # its reason is there as `acknowledge_reason`
        data |= {name: value for name, value in stamp_of(entry).items() if name != "reason"}
        return Content(entry.recorded_at, _subject(alert), data)
    time = alert.closed_at if topic == CLOSED else None
    return Content(time or alert.raised_at, _subject(alert), data)


def _subject(alert: Alert) -> str:
    """What it is about, by the first of these that it names."""
    if alert.lot:
        return f"lot:{alert.lot.code}"
    if alert.demand:
        return f"demand:{alert.demand.reference}"
    return f"location:{alert.location.code}" if alert.location else f"site:{alert.site.code}"
