"""Locations: the tree, and what stands at a place."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import DetailView, TemplateView

from inventory import on_hand
from inventory.models import Balance, Location, Movement
from inventory.paging import every, sifted_page_of
from inventory.sheets.columns import BATCH, Column, Sheet
from inventory.statements import Select
from inventory.views.common import FloorView
from inventory.zones import zone_of
from quality.models import Hold
from staging import stops
from staging.models import Alert, Commitment, StagedStock
from staging.picture import nothing
from staging.stops import TODAY
from staging.views import columns
from staging.views.files import AsFile, listed

MOST_SHOWN = 25
"""Rows of what is staged, of which there are more pages, and of what stands here, which the list of
stock shows whole. With 200 of each, drawing them took five sixths of the page's time."""

MOST_MOVEMENTS = 25


class LocationListView(FloorView, AsFile, TemplateView):
    """Every place where stock can stand, as a tree."""

    template_name = "staging/location_list.html"
    reads = ("inventory.view_location",)

    def rows(self) -> QuerySet[Location]:
        lots = Count("balances__lot", filter=Q(balances__quantity__gt=0), distinct=True)
        rows = Location.objects.real().select_related("site").annotate(lots=lots)
        return rows.order_by("site__code", "path")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            places=[(place, min(place.path.count("/") - 1, 6)) for place in self.rows()],
            section="stock",
            **kwargs,
        )

    def sheet(self) -> Sheet:
        return listed("locations", PLACES, self.rows())


PLACES = (
    Column("site", _("Site"), lambda row: row.site.code),
    Column("location", _("Location"), lambda row: row.code),
    Column("name", _("Name"), lambda row: row.name),
    Column("kind", _("Kind"), lambda row: row.get_kind_display()),
    Column("purpose", _("For"), lambda row: row.get_purpose_display()),
    Column("state_label", _("State label"), lambda row: row.state_label),
    Column("capacity", _("Capacity"), lambda row: row.capacity),
    Column("open", _("Open"), lambda row: row.is_open),
    Column("lots", _("Lots here"), lambda row: row.lots),
    Column("path", _("Path"), lambda row: row.path),
)


class LocationView(FloorView, AsFile, DetailView[Location]):
    """What stands at a place and below it, what is staged there, what stops it."""

    model = Location
    slug_field = slug_url_kwarg = "code"
    context_object_name = "place"
    template_name = "staging/location.html"
    reads = ("inventory.view_location", "inventory.view_balance")

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> Any:
        with timezone.override(zone_of(self.object.site)):
            answer: Any = super().render_to_response(context, **kwargs)
            return answer.render()

    def get_queryset(self) -> QuerySet[Location]:
        return Location.objects.select_related("site", "parent")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        place, today = self.object, timezone.localdate()
        places = list(Location.objects.within(place).values_list("pk", flat=True))
        standing = standing_at(places, today)
        page = sifted_page_of(
            StagedStock.objects.filter(location__in=places),
            self.request.GET,
            column="since",
            size=MOST_SHOWN,
        )
        return super().get_context_data(
            standing=standing[:MOST_SHOWN],
            more_standing=len(standing) > MOST_SHOWN,
            totals=totals(Balance.objects.filter(location__in=places)),
            occupied=positions(place),
            staged=_STAGED(staged=[row.pk for row in page.rows], on=today),
            previous=_anchored(page.previous),
            next=_anchored(page.next),
            holds=holds_over(place),
            alerts=Alert.objects.loud()
            .filter(location__in=places)
            .select_related("lot", "location")
            .order_by("pk")[:MOST_MOVEMENTS],
            movements=recent(Q(source=place), Q(target=place)),
            below=place.children.order_by("walk_order", "path"),
            section="stock",
            **kwargs,
        )

    def sheet(self) -> Sheet:
        """What is staged here, or with `table=standing` all that stands here."""
        place, today = self.get_object(), timezone.localdate()
        rows: QuerySet[Any]
        if self.request.GET.get("table") == "standing":
            rows = Balance.objects.filter(location__in=Location.objects.within(place))
            rows = rows.filter(quantity__gt=0)
            ordered = stops.with_stop(rows, today).select_related(*OF_BALANCE)
            return listed(
                f"stock-at-{place.pk}", columns.BALANCES, ordered.order_by(*IN_WALKING_ORDER),
                found=rows, zone=zone_of(place.site),
            )  # fmt: skip
        rows = StagedStock.objects.filter(location__in=Location.objects.within(place))
        return Sheet(
            name=f"staged-at-{place.pk}", columns=columns.COMMITMENTS, found=rows,
            zone=zone_of(place.site),
            batches=lambda: (
                _STAGED(staged=[row.pk for row in part], on=today)
                for part in every(rows, "since", size=BATCH)
            ),
        )  # fmt: skip


def _anchored(link: str) -> str:
    return f"{link}#staged" if link else ""


_STAGED: Select[Any] = Select(
    lambda: (
        Commitment.objects.filter(pk__among="staged")
        .with_stop(TODAY)
        .select_related(
            "lot__material", "location", "container", "requirement__demand", "dwell_policy"
        )
        .order_by("since", "pk")
    )
)
"""What is staged, with `stop`. Found by its keys: so only what is shown is joined and judged."""

OF_BALANCE = ("lot__material", "location", "container")
IN_WALKING_ORDER = ("location__walk_order", "location__path", "lot__code", "pk")

_STANDING: Select[Any] = Select(
    lambda: (
        stops.with_stop(Balance.objects.filter(pk__among="balances"), TODAY)
        .select_related(*OF_BALANCE)
        .order_by(*IN_WALKING_ORDER)
    )
)


def standing_at(places: Sequence[int], on: date) -> list[Any]:
    """Balances at the places with `stop`, in walking order, one more than is shown."""
    rows = Balance.objects.filter(location__in=places, quantity__gt=0)
    keys = rows.order_by(*IN_WALKING_ORDER).values_list("pk", flat=True)
    return _STANDING(balances=keys[: MOST_SHOWN + 1], on=on)


def totals(balances: QuerySet[Balance]) -> list[tuple[str, dict[str, Any]]]:
    """The parts and the total for each unit."""
    column = "lot__material__base_unit"
    return [(row[column], nothing() | row) for row in on_hand.split(balances, column)]


def positions(place: Location) -> int:
    """Handling positions taken: each outermost container, and each loose lot."""
    columns = ("lot", "container", "container__parent")
    rows = place.balances.filter(quantity__gt=0).values_list(*columns)
    return len({("in", outer or inner) if inner else ("lot", lot) for lot, inner, outer in rows})


def holds_over(place: Location) -> QuerySet[Hold]:
    """Open holds on the place, or on one that it lies in: they stop all that stands here."""
    rows = Hold.objects.open().filter(location__code__in=place.ancestry)
    return rows.select_related("actor", "lot", "container", "location", "material").order_by("pk")


_MOVEMENTS: Select[Movement] = Select(
    lambda: (
        Movement.objects.filter(pk__among="movements")
        .select_related(
            "lot__material", "source", "target", "from_container", "to_container", "actor"
        )
        .order_by("-pk")
    )
)


def recent(*ways: Q) -> list[Movement]:
    """The latest movements of any of these ways, the newest first; each has an index."""
    rows = Movement.objects.order_by("-pk").values_list("pk", flat=True)
    found = {pk for way in ways for pk in rows.filter(way)[:MOST_MOVEMENTS]}
    return _MOVEMENTS(movements=sorted(found, reverse=True)[:MOST_MOVEMENTS])
