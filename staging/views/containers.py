"""Containers: what one holds, and where it stands."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.views.generic import DetailView

from inventory.models import Balance, Container
from inventory.sheets.columns import Sheet
from inventory.views.common import FloorView
from quality.models import Hold
from staging import stops
from staging.models import Commitment
from staging.picture import COMMITTED
from staging.views import columns
from staging.views.files import AsFile, listed
from staging.views.locations import recent, totals


class ContainerView(FloorView, AsFile, DetailView[Container]):
    """One container with all it holds, containers packed in it included."""

    model = Container
    slug_field = slug_url_kwarg = "code"
    context_object_name = "container"
    template_name = "staging/container.html"
    reads = ("inventory.view_container", "inventory.view_balance")

    def get_queryset(self) -> QuerySet[Container]:
        return Container.objects.select_related("location", "parent")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        container = self.object
        holding = [pk for pk in (container.pk, container.parent_id) if pk]
        touching = Q(container__in=holding) | Q(location__code__in=container.location.ancestry)
        return super().get_context_data(
            contents=_contents(container),
            totals=totals(Balance.objects.filter(_inside(container), quantity__gt=0)),
            commitments=_commitments(container),
            nested=container.children.order_by("code"),
            holds=Hold.objects.open()
            .filter(touching)
            .select_related("actor", "lot", "container", "location", "material"),
            movements=recent(Q(from_container=container), Q(to_container=container)),
            section="stock",
            **kwargs,
        )

    def sheet(self) -> Sheet:
        """What is in it, or with `table=commitments` what that is promised and staged for."""
        container = self.get_object()
        if self.request.GET.get("table") == "commitments":
            rows = _commitments(container).with_stop(timezone.localdate())
            return listed(f"commitments-in-{container.pk}", columns.COMMITMENTS, rows)
        return listed(f"contents-of-{container.pk}", columns.BALANCES, _contents(container))


def _inside(container: Container) -> Q:
    return Q(container=container) | Q(container__parent=container)


def _contents(container: Container) -> QuerySet[Any]:
    """What is in it, with `stop`."""
    there = Balance.objects.filter(_inside(container), quantity__gt=0)
    rows = stops.with_stop(there, timezone.localdate())
    return rows.select_related("lot__material", "location", "container").order_by("lot__code", "pk")


def _commitments(container: Container) -> Any:
    """What of it is promised and staged, the longest first."""
    rows = Commitment.objects.open().filter(_inside(container), state__in=COMMITTED)
    known = ("lot__material", "location", "container", "requirement__demand", "dwell_policy")
    return rows.select_related(*known).order_by("since", "pk")
