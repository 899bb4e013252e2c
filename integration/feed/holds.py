"""Holds placed and lifted, as events. Of a lift, the audit trail knows who, when and why."""

from collections.abc import Collection, Mapping
from itertools import chain
from typing import Any

from django.urls import reverse

from integration.feed.kinds import Content, Facets
from integration.feed.stamps import entries, stamp_of
from inventory.models import AuditEntry
from quality.api.serializers import HoldSerializer
from quality.models import Hold
from quality.models.holds import ROWS, TARGETS

PLACED, LIFTED = "hold.placed", "hold.lifted"


_SHOWN = HoldSerializer()  # to make one for each row takes ten times as long


def facets(topic: str, keys: Collection[int]) -> dict[int, Facets]:
    holds = {key: key for key in keys}
    if topic == LIFTED:
        facts = AuditEntry.objects.filter(pk__in=keys).values_list("pk", "facts__hold")
        holds = dict(facts)
    rows = Hold.objects.filter(pk__in=holds.values()).order_by()
    found = {
        pk: Facets(topic, site or inside, lot=lot)
        for pk, site, inside, lot in rows.values_list(
            "pk", "location__site", "container__location__site", "lot"
        )
    }
    return {key: found[hold] for key, hold in holds.items()}


def contents(wanted: Mapping[str, Collection[int]]) -> dict[tuple[str, int], Content]:
    lifts = entries(wanted[LIFTED]) if wanted.get(LIFTED) else {}
    of_lift = {key: int(entry.facts["hold"]) for key, entry in lifts.items()}
    rows = Hold.objects.select_related(
        "lot__material",
        "material",
        "location__site",
        "container__location__site",
        "actor",
        "lifted_by",
    )
    holds = rows.in_bulk(list(chain(wanted.get(PLACED, ()), of_lift.values())))
    placed = {(PLACED, key): _content(holds[key], holds[key]) for key in wanted.get(PLACED, ())}
    lifted = {
        (LIFTED, key): _content(holds[of_lift[key]], entry, placed=stamp_of(holds[of_lift[key]]))
        for key, entry in lifts.items()
    }
    return placed | lifted


def _content(hold: Hold, record: Any, **more: Any) -> Content:
    """`record` says who did it, when and why: the hold itself, or the trail's entry of the lift."""
    shown = _SHOWN.to_representation(hold)
    material = hold.material or (hold.lot and hold.lot.material)
    place = hold.location or (hold.container and hold.container.location)
    data = {name: shown[name] for name in ("id", *TARGETS)}
    data |= {"material": material.code if material else None}
    data |= {"site": place.site.code if place else None}
    data |= stamp_of(record) | more | {"link": reverse("hold-detail", args=[hold.pk])}
    kind = next((name for name in ROWS if getattr(hold, name)), "supplier_lot")
    code = getattr(hold.target, "code", hold.target)
    return Content(record.recorded_at, f"{kind}:{code}", data)
