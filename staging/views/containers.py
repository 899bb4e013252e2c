"""Containers: what one holds, and where it stands."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.views.generic import DetailView

from inventory.models import Balance, Container
from inventory.views.common import FloorView
from quality.models import Hold
from staging import stops
from staging.models import Commitment
from staging.picture import COMMITTED
from staging.views.locations import recent, totals


class ContainerView(FloorView, DetailView[Container]):
    """One container with all it holds, containers packed in it included."""

    model = Container
    slug_field = slug_url_kwarg = "code"
    context_object_name = "container"
    template_name = "staging/container.html"
    reads = ("inventory.view_container", "inventory.view_balance")

    def get_queryset(self) -> QuerySet[Container]:
        return Container.objects.select_related("location", "parent")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        container, today = self.object, timezone.localdate()
        inside = Q(container=container) | Q(container__parent=container)
        contents = Balance.objects.filter(inside, quantity__gt=0)
        holding = [pk for pk in (container.pk, container.parent_id) if pk]
        touching = Q(container__in=holding) | Q(location__code__in=container.location.ancestry)
        return super().get_context_data(
            contents=stops.with_stop(contents, today)
            .select_related("lot__material", "location", "container")
            .order_by("lot__code", "pk"),
            totals=totals(contents),
            commitments=Commitment.objects.open()
            .filter(inside, state__in=COMMITTED)
            .select_related(
                "lot__material", "location", "container", "requirement__demand", "dwell_policy"
            )
            .order_by("since", "pk"),
            nested=container.children.order_by("code"),
            holds=Hold.objects.open()
            .filter(touching)
            .select_related("actor", "lot", "container", "location", "material"),
            movements=recent(Q(from_container=container), Q(to_container=container)),
            section="stock",
            **kwargs,
        )
