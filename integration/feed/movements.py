"""Movements, as events."""

from collections.abc import Collection, Mapping

from django.urls import reverse

from integration.feed.kinds import Content, Facets
from inventory.api.serializers import MovementSerializer
from inventory.models import Movement

_RELATED = (
    "lot__material", "source__site", "target__site", "from_container", "to_container", "actor",
)  # fmt: skip


_SHOWN = MovementSerializer()  # to make one for each row takes ten times as long


def facets(topic: str, keys: Collection[int]) -> dict[int, Facets]:
    rows = Movement.objects.filter(pk__in=keys).values_list(
        "pk", "kind", "source__site", "target__site", "lot", "reference"
    )
    return {
        pk: Facets(f"movement.{kind}", site, to_site, lot, demand)
        for pk, kind, site, to_site, lot, demand in rows
    }


def contents(wanted: Mapping[str, Collection[int]]) -> dict[tuple[str, int], Content]:
    rows = Movement.objects.select_related(*_RELATED).filter(pk__in=wanted["movement"])
    return {("movement", row.pk): _content(row) for row in rows}


def _content(row: Movement) -> Content:
    data = _SHOWN.to_representation(row) | {
        "source_site": row.source.site.code,
        "target_site": row.target.site.code,
        "link": reverse("movement-detail", args=[row.pk]),
    }
    return Content(row.recorded_at, f"lot:{row.lot.code}", data)
