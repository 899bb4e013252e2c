"""Locations: the tree, and what stands at a place."""

from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.views.generic import DetailView, TemplateView

from inventory import on_hand
from inventory.models import Balance, Location, Movement
from inventory.views.common import FloorView
from quality.models import Hold
from staging import stops
from staging.models import Alert, StagedStock
from staging.picture import nothing

MOST_SHOWN = 200
MOST_MOVEMENTS = 25


class LocationListView(FloorView, TemplateView):
    """Every place where stock can stand, as a tree."""

    template_name = "staging/location_list.html"
    reads = ("inventory.view_location",)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lots = Count("balances__lot", filter=Q(balances__quantity__gt=0), distinct=True)
        rows = Location.objects.real().select_related("site").annotate(lots=lots)
        return super().get_context_data(
            places=[
                (place, min(place.path.count("/") - 1, 6))
                for place in rows.order_by("site__code", "path")
            ],
            section="stock",
            **kwargs,
        )


class LocationView(FloorView, DetailView[Location]):
    """What stands at a place and below it, what is staged there, what stops it."""

    model = Location
    slug_field = slug_url_kwarg = "code"
    context_object_name = "place"
    template_name = "staging/location.html"
    reads = ("inventory.view_location", "inventory.view_balance")

    def get_queryset(self) -> QuerySet[Location]:
        return Location.objects.select_related("site", "parent")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        place, today = self.object, timezone.localdate()
        standing = standing_at(Location.objects.within(place), today)
        staged = staged_at(place).with_stop(today)[:MOST_SHOWN]
        return super().get_context_data(
            standing=standing[:MOST_SHOWN],
            more_standing=len(standing) > MOST_SHOWN,
            totals=totals(Balance.objects.filter(location__path__startswith=place.path)),
            occupied=positions(place),
            staged=staged,
            holds=holds_over(place),
            alerts=Alert.objects.open()
            .filter(location__path__startswith=place.path)
            .select_related("lot", "location")
            .order_by("pk")[:MOST_MOVEMENTS],
            movements=recent(Q(source=place), Q(target=place)),
            below=place.children.order_by("walk_order", "path"),
            section="stock",
            **kwargs,
        )


def standing_at(places: QuerySet[Location], on: Any) -> list[Any]:
    """Balances at the places with `stop`, in walking order."""
    rows = stops.with_stop(Balance.objects.filter(location__in=places, quantity__gt=0), on)
    rows = rows.select_related("lot__material", "location", "container")
    rows = rows.order_by("location__walk_order", "location__path", "lot__code", "pk")
    return list(rows[: MOST_SHOWN + 1])


def totals(balances: QuerySet[Balance]) -> list[tuple[str, dict[str, Any]]]:
    """The parts and the total for each unit."""
    column = "lot__material__base_unit"
    return [(row[column], nothing() | row) for row in on_hand.split(balances, column)]


def positions(place: Location) -> int:
    """Handling positions taken: each outermost container, and each loose lot."""
    columns = ("lot", "container", "container__parent")
    rows = place.balances.filter(quantity__gt=0).values_list(*columns)
    return len({("in", outer or inner) if inner else ("lot", lot) for lot, inner, outer in rows})


def staged_at(place: Location) -> Any:
    return (
        StagedStock.objects.filter(location__path__startswith=place.path)
        .select_related("lot__material", "location", "container", "requirement__demand")
        .order_by(F("since"), "pk")
    )


def holds_over(place: Location) -> QuerySet[Hold]:
    """Open holds on the place, or on one that it lies in: they stop all that stands here."""
    rows = Hold.objects.open().filter(location__code__in=place.ancestry)
    return rows.select_related("actor", "lot", "container", "location", "material").order_by("pk")


def recent(*ways: Q) -> list[Movement]:
    """The latest movements of any of these ways, the newest first; each has an index."""
    rows = Movement.objects.select_related(
        "lot__material", "source", "target", "from_container", "to_container", "actor"
    ).order_by("-pk")
    found = {row.pk: row for way in ways for row in rows.filter(way)[:MOST_MOVEMENTS]}
    return [found[pk] for pk in sorted(found, reverse=True)[:MOST_MOVEMENTS]]
