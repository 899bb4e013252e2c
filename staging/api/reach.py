"""How far a hold reaches, and what has to be pulled, over the API."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import sites
from inventory.api.fields import Code, QuantityOut
from inventory.api.resources import CodeFilter, Filters, Resource, WithinFilter, YesNoFilter
from inventory.models import Balance, Movement
from quality.models import Hold
from staging.models import PullTask
from staging.reach import OF_COMMITMENT, PARTS, Reach

TAG = "Reach of holds"


class ReachQuery(serializers.Serializer[Any]):
    descendants = serializers.BooleanField(
        default=False, help_text="With all lots made from those concerned."
    )


class TotalSerializer(serializers.Serializer[Any]):
    """`total` is on hand: the sum of the parts before it. In the base unit of the material."""

    material = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        parts = {part: QuantityOut(source=f"parts.{part}") for part in PARTS}
        return super().get_fields() | parts


class ToCustomer(serializers.Serializer[Any]):
    customer = serializers.CharField(source="target__code")
    name = serializers.CharField(source="target__name")
    material = serializers.CharField(source="lot__material__code")
    quantity = QuantityOut()
    unit = serializers.CharField(source="lot__material__base_unit")
    shipments = serializers.IntegerField()
    lots = serializers.IntegerField()
    first = serializers.DateTimeField()
    last = serializers.DateTimeField()


class MadeLot(serializers.Serializer[Any]):
    lot = Code("far")
    material = Code("far.material")
    made_from = Code("near")
    depth = serializers.IntegerField(help_text="How many steps from a lot concerned.")


class LostReservations(serializers.Serializer[Any]):
    demand = serializers.CharField()
    claims = serializers.ListField(child=serializers.CharField())


class ReachAnswer(serializers.Serializer[Any]):
    hold = serializers.IntegerField(source="reach.hold.pk")
    open = serializers.BooleanField()
    totals = TotalSerializer(many=True, source="reach.totals")
    customers = ToCustomer(many=True, source="reach.customers")
    lost_reservations = LostReservations(many=True)
    pulls_raised = serializers.IntegerField(source="countdown.raised")
    pulls_open = serializers.IntegerField(source="countdown.open")
    made = MadeLot(many=True, source="reach.made")
    complete = serializers.BooleanField(
        source="reach.trace.complete", help_text="False: more lots were made than are listed."
    )


def whole_reach(request: Request, hold: int, *, descendants: bool) -> Reach:
    """The reach of a hold that may be seen. Refuses `site_not_in_scope` where not all of it may."""
    rows = Hold.objects.select_related("lot", "container", "location", "material")
    found = get_object_or_404(sites.within(rows, request.user), pk=hold)
    reach = Reach(found, descendants=descendants)
    sites.require_whole(reach.lots, request.user)
    return reach


class ReachView(APIView):
    """How far a hold reaches: sums by material, customers, lots made from what it concerns.

    A token for some sites gets it whole, or `site_not_in_scope`.
    """

    permission_needed = "inventory.view_movement"
    summaries = {"get": "Reach of a hold"}
    tag = TAG
    keeps_to_sites = True

    @extend_schema(
        parameters=[ReachQuery], responses=ReachAnswer, operation_id="holds_reach_retrieve"
    )
    def get(self, request: Request, pk: int) -> Response:
        query = ReachQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        reach = whole_reach(request, pk, descendants=query.validated_data["descendants"])
        lost = [
            {"demand": demand, "claims": claims} for demand, claims in reach.lost_reservations()
        ]
        answer = {
            "reach": reach,
            "open": reach.hold.lifted_at is None,
            "lost_reservations": lost,
            "countdown": reach.countdown(),
        }
        return Response(ReachAnswer(answer).data)


class OfHold(Filters):
    """What the lists of a reach are narrowed down by."""

    descendants = YesNoFilter(
        method="taken_along", help_text="With all lots made from those concerned."
    )

    def taken_along(self, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """The view has seen to it: it decides which rows there are."""
        return rows


class PositionFilter(OfHold):
    class Meta:
        model = Balance
        fields = ()


class ShipmentFilter(OfHold):
    class Meta:
        model = Movement
        fields = ()


class PositionSerializer(serializers.ModelSerializer[Balance]):
    lot = Code("lot")
    material = Code("lot.material")
    unit = serializers.CharField(source="lot.material.base_unit_id", read_only=True)
    location = Code("location")
    kind = serializers.CharField(source="location.kind", read_only=True)
    container = Code("container", allow_null=True, default=None)
    quantity = QuantityOut()
    reserved = QuantityOut()
    bound = QuantityOut(help_text="Staged, in process or loaded for demands.")

    class Meta:
        model = Balance
        fields = (
            "id", "lot", "material", "unit", "location", "kind", "container", "quantity",
            "reserved", "bound",
        )  # fmt: skip
        read_only_fields = fields


class ShipmentSerializer(serializers.ModelSerializer[Movement]):
    customer = Code("target")
    customer_name = serializers.CharField(source="target.name", read_only=True)
    demand = serializers.CharField(source="reference", read_only=True)
    carrier = serializers.CharField(read_only=True, allow_null=True)
    lot = Code("lot")
    material = Code("lot.material")
    unit = serializers.CharField(source="lot.material.base_unit_id", read_only=True)
    quantity = QuantityOut()

    class Meta:
        model = Movement
        fields = (
            "id", "customer", "customer_name", "demand", "carrier", "lot", "material", "unit",
            "quantity", "occurred_at", "recorded_at",
        )  # fmt: skip
        read_only_fields = fields


class _OfReach(Resource):
    """A list of what one hold reaches."""

    lookup_url_kwarg = "hold"
    permission_needed = "inventory.view_movement"
    tag = TAG

    def reach(self) -> Reach:
        asked = self.request.query_params.get("descendants", "")
        wide = asked.lower() in ("true", "1")
        return whole_reach(self.request, self.kwargs["hold"], descendants=wide)


class PositionViewSet(_OfReach):
    """Every place on hand that a hold touches."""

    queryset = Balance.objects.none()
    serializer_class = PositionSerializer
    filterset_class = PositionFilter
    summaries = {"list": "On hand under a hold"}

    def get_queryset(self) -> QuerySet[Any]:
        fake = getattr(self, "swagger_fake_view", False)
        return Balance.objects.none() if fake else self.reach().positions()


class ShipmentViewSet(_OfReach):
    """What has left for customers: the lines of a recall."""

    queryset = Movement.objects.none()
    serializer_class = ShipmentSerializer
    filterset_class = ShipmentFilter
    summaries = {"list": "Shipped of what a hold concerns"}

    def get_queryset(self) -> QuerySet[Any]:
        fake = getattr(self, "swagger_fake_view", False)
        return Movement.objects.none() if fake else self.reach().shipments()


class PullFilter(Filters):
    open = YesNoFilter(method="filter_open", help_text="Still staged, and still on hold.")
    lot = CodeFilter("commitment__lot")
    demand = CodeFilter("commitment__requirement__demand", "reference")
    location = CodeFilter("commitment__location")
    within = WithinFilter("commitment__location")

    class Meta:
        model = PullTask
        fields = ("hold",)

    def filter_open(self, rows: Any, name: str, value: bool) -> Any:
        return rows.open() if value else rows.done()


class PullSerializer(serializers.ModelSerializer[PullTask]):
    """`quantity` is what is still there, `raised_quantity` what was when the task was raised."""

    hold = serializers.IntegerField(source="hold_id", read_only=True)
    demand = Code("commitment.requirement.demand", "reference")
    lot = Code("commitment.lot")
    unit = serializers.CharField(source="commitment.lot.material.base_unit_id", read_only=True)
    location = Code("commitment.location")
    container = Code("commitment.container", allow_null=True, default=None)
    quantity = QuantityOut(source="commitment.quantity")
    raised_quantity = QuantityOut(source="quantity")
    staged_stock = serializers.UUIDField(source="commitment_id", read_only=True)
    done_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="When it had left, or the hold was lifted."
    )

    class Meta:
        model = PullTask
        fields = (
            "id", "hold", "demand", "lot", "unit", "location", "container", "quantity",
            "raised_quantity", "staged_stock", "raised_at", "done_at",
        )  # fmt: skip
        read_only_fields = fields


class PullTaskViewSet(Resource):
    """Staged stock that a hold has stopped, and that has to leave its lane."""

    queryset = PullTask.objects.select_related(*OF_COMMITMENT)
    serializer_class = PullSerializer
    filterset_class = PullFilter
    summaries = {"list": "Pull tasks", "retrieve": "One pull task"}
    tag = TAG
