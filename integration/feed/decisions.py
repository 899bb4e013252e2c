"""Signed decisions on lots, as events."""

from collections.abc import Collection, Mapping

from django.urls import reverse

from integration.feed.kinds import Content, Facets
from quality.api.serializers import DecisionSerializer
from quality.models import Decision

_SHOWN = DecisionSerializer()  # to make one for each row takes ten times as long


def facets(topic: str, keys: Collection[int]) -> dict[int, Facets]:
    rows = Decision.objects.filter(pk__in=keys).order_by().values_list("pk", "kind", "lot")
    return {pk: Facets(f"decision.{kind}", lot=lot) for pk, kind, lot in rows}


def contents(wanted: Mapping[str, Collection[int]]) -> dict[tuple[str, int], Content]:
    rows = Decision.objects.select_related("lot__material", "actor")
    rows = rows.filter(pk__in=wanted["decision"])
    return {("decision", row.pk): _content(row) for row in rows}


def _content(row: Decision) -> Content:
    data = _SHOWN.to_representation(row) | {
        "material": row.lot.material.code,
        "link": reverse("decision-detail", args=[row.pk]),
    }
    return Content(row.recorded_at, f"lot:{row.lot.code}", data)
