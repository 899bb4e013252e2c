"""Demands created, changed and ended, as events.

What somebody did is an entry of the audit trail. That all of a demand is shipped or consumed is
nobody's word: it follows from the movement that was the last.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import Max, QuerySet
from django.urls import reverse

from integration.feed.kinds import Content, Facets
from integration.feed.stamps import entries, stamp_of
from integration.models import FeedPosition
from integration.models.feed import COMPLETED
from inventory.models import AuditEntry, Movement, MovementKind
from staging.api.serializers import DemandSerializer
from staging.api.views import DemandViewSet, with_lines
from staging.models import Demand, DemandKind, Requirement

SHIPPED, CONSUMED = COMPLETED
USES = (MovementKind.SHIP, MovementKind.CONSUME)
GIVEN_UP = ("deallocated", "to_unstage", "to_return", "flagged")
"""What a change or an end left over, as the audit trail has it, where there is any."""


_SHOWN = DemandSerializer()  # to make one for each row takes ten times as long


def facets(topic: str, keys: Collection[int]) -> dict[int, Facets]:
    subjects = AuditEntry.objects.filter(pk__in=keys).values_list("pk", "subject_id")
    about = {key: int(demand) for key, demand in subjects}
    rows = Demand.objects.filter(pk__in=about.values()).order_by()
    found = {
        pk: Facets(topic, site, demand=reference)
        for pk, site, reference in rows.values_list("pk", "site", "reference")
    }
    return {key: found[demand] for key, demand in about.items()}


def completed(used: Iterable[Facets]) -> dict[int, Facets]:
    """By the number of the movement that completed it, each demand of which all is used by now and
    that the feed has not said so of. Three statements, if anything was used."""
    references = {row.demand for row in used if row.demand}
    if not references:
        return {}
    rows: QuerySet[Any] = Requirement.objects.with_progress().select_related("demand")
    rows = rows.filter(demand__reference__in=references, demand__cancelled=False)
    lines = [(row.demand, row.used >= row.quantity) for row in rows.order_by("demand", "pk")]
    unfinished = {demand.reference for demand, is_used in lines if not is_used}
    done = {row.reference: row for row, _used in lines if row.reference not in unfinished}
    last = Movement.objects.filter(reference__in=done, kind__in=USES).order_by()
    by = dict(last.values_list("reference").annotate(Max("pk")))
    told = FeedPosition.objects.filter(type__in=COMPLETED, key__in=by.values())
    known = set(told.values_list("key", flat=True))
    return {
        by[reference]: Facets(
            SHIPPED if row.kind == DemandKind.SHIPMENT else CONSUMED,
            row.site_id,
            demand=reference,
        )
        for reference, row in done.items()
        if by[reference] not in known
    }


def contents(wanted: Mapping[str, Collection[int]]) -> dict[tuple[str, int], Content]:
    told = {topic: keys for topic, keys in wanted.items() if topic not in COMPLETED}
    trail = entries(list(chain(*told.values()))) if told else {}
    last = [key for topic in COMPLETED for key in wanted.get(topic, ())]
    uses = Movement.objects.select_related("actor").in_bulk(last) if last else {}
    demands = _demands(
        {row.subject for row in trail.values()} | {row.reference for row in uses.values()}
    )
    made = {
        (topic, key): _told(topic, trail[key], demands[trail[key].subject])
        for topic, keys in told.items()
        for key in keys
    }
    for topic in COMPLETED:
        for key in wanted.get(topic, ()):
            made[topic, key] = _content(uses[key], demands[uses[key].reference], movement=key)
    return made


def _demands(references: Collection[str]) -> dict[str, dict[str, Any]]:
    """Demands as the API shows them, as they stand now."""
    rows = with_lines(DemandViewSet.queryset.filter(reference__in=references))
    return {row.reference: dict(_SHOWN.to_representation(row)) for row in rows}


def _told(topic: str, entry: AuditEntry, demand: dict[str, Any]) -> Content:
    more: dict[str, Any] = {}
    if topic == "demand.changed":
        more["changes"] = _changes(entry.changes)
    more |= {name: entry.facts[name] for name in GIVEN_UP if name in entry.facts}
    return _content(entry, demand, **more)


def _content(record: Any, demand: dict[str, Any], **more: Any) -> Content:
    reference = demand["reference"]
    link = {"link": reverse("demand-detail", args=[reference])}
    data = demand | stamp_of(record) | more | link
    return Content(record.recorded_at, f"demand:{reference}", data)


def _changes(recorded: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Old and new values; those of quantities by material, or by the lot that a line asks for."""
    own = {name: pair for name, pair in recorded.items() if name in ("route", "carrier")}
    if moved := recorded.get("needed_at"):
        own["needed_at"] = [datetime.fromisoformat(time).isoformat() for time in moved]
    lines = {
        name: pair
        for name, pair in recorded.items()
        if name not in ("route", "carrier", "needed_at")
    }
    return {**own, "requirements": lines}
