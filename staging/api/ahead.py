"""Looking ahead, over the API: the horizon and the lanes, the demands, and the positions."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory.api.fields import Code, QuantityOut
from inventory.api.resources import Filters, Resource
from inventory.api.terms import refuse_empty, refuse_parameters
from inventory.sites import limit_of
from staging import ready
from staging.ahead.asked import Ahead, read
from staging.ahead.demands import Cover, InTime, Outlook, Short
from staging.ahead.horizon import Basis, Until
from staging.ahead.lanes import Overfull, Remedy
from staging.ahead.positions import Stale
from staging.api.numbers import errors_of
from staging.api.serializers import StagedStockSerializer
from staging.models import Commitment, Demand, StagedStock

TAG = "Ahead"
NAMES = ("site", "horizon", "until")
SITE = "Code of the site."
HORIZON = "Until when; the end of this shift unless a time is given."
UNTIL = "With a horizon of `time`, or without one: at most seven days ahead."


def ahead_of(request: Any, names: Sequence[str] = NAMES) -> Ahead:
    """What a request asks for. Raises ValidationError."""
    given = {name: request.query_params[name] for name in names if name in request.query_params}
    if not given.get("site"):
        raise ValidationError({"site": [ErrorDetail(str(_required()), "required")]})
    form = read(given, timezone.now(), limit_of(request.user))
    if not form.is_valid():
        raise ValidationError(errors_of(form))
    return Ahead.of(form)


def _required() -> Any:
    return serializers.Field.default_error_messages["required"]


class HelpOut(serializers.Serializer[Any]):
    remedy = serializers.ChoiceField(choices=Remedy.choices)
    positions = serializers.IntegerField(allow_null=True, help_text="About how many.")
    lanes = serializers.ListField(child=serializers.CharField(), source="lane_codes")


class CrowdedOut(serializers.Serializer[Any]):
    """A lane that will be overfull; without a lane, those of a kind taken together."""

    lane = Code("lane", allow_null=True, default=None)
    name = serializers.CharField()
    reason = serializers.ChoiceField(choices=Overfull.choices)
    capacity = serializers.IntegerField()
    now = serializers.IntegerField(help_text="Positions that stand there.")
    highest = serializers.IntegerField(help_text="The most at any moment until the horizon.")
    over = serializers.IntegerField(source="peak.over", help_text="The most that is too much.")
    at = serializers.DateTimeField(source="peak.at", help_text="From when on.")
    until = serializers.DateTimeField(source="peak.until", allow_null=True)
    demands = serializers.ListField(child=serializers.CharField(), source="references")
    helps = HelpOut(many=True)


class PaceOut(serializers.Serializer[Any]):
    """Lines of the ledger that were staged in the last seven days, in working time."""

    lines = serializers.IntegerField()
    worked_seconds = serializers.SerializerMethodField()
    lines_per_hour = serializers.DecimalField(8, 1, source="per_hour")

    def get_worked_seconds(self, pace: Any) -> int:
        return int(pace.worked.total_seconds())


class AheadOut(serializers.Serializer[Any]):
    site = Code("site")
    now = serializers.DateTimeField(source="horizon.now")
    until = serializers.DateTimeField(source="horizon.until")
    basis = serializers.ChoiceField(
        choices=Basis.choices, source="horizon.basis", help_text="How `until` came about."
    )
    shift = serializers.CharField(source="horizon.shift", help_text="Its name; empty without.")
    pace = PaceOut(allow_null=True, help_text="Null where too little was done to say one.")
    lanes = CrowdedOut(many=True, source="crowds.rows")
    complete = serializers.SerializerMethodField(help_text="False: some lanes were left out.")

    def get_complete(self, found: Any) -> bool:
        return not found["crowds"].left_out


class AheadView(APIView):
    """How far is looked, how quickly the site stages, and the lanes that will be overfull.

    The rules stand in docs/clock.md. Demands and positions are lists of their own.
    """

    permission_needed = ("staging.view_demand", "staging.view_commitment")
    keeps_to_sites = True
    tag = TAG
    summaries = {"get": "What lies ahead"}

    @extend_schema(
        parameters=[
            OpenApiParameter("site", str, required=True, description=SITE),
            OpenApiParameter("horizon", str, enum=Until.values, description=HORIZON),
            OpenApiParameter("until", OpenApiTypes.DATETIME, description=UNTIL),
            OpenApiParameter(
                "lead", int, description="How many hours before it is needed a kit comes: 4."
            ),
        ],
        responses=AheadOut,
        operation_id="ahead",
    )
    def get(self, request: Request) -> Response:
        names = (*NAMES, "lead")
        refuse_parameters(request, names)
        refuse_empty(request, names)
        ahead = ahead_of(request, names)
        found = {
            "site": ahead.site,
            "horizon": ahead.horizon,
            "pace": ahead.demands.pace(),
            "crowds": ahead.lanes(),
        }
        return Response(AheadOut(found).data)


class AheadFilter(Filters):
    """What the lists are asked by; the view reads it, for it needs all of it at once."""

    site = filters.CharFilter(method="as_asked", required=True, help_text=SITE)
    horizon = filters.ChoiceFilter(method="as_asked", choices=Until.choices, help_text=HORIZON)
    until = filters.IsoDateTimeFilter(method="as_asked", help_text=UNTIL)

    def as_asked(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows


class AheadPositionFilter(AheadFilter):
    class Meta:
        model = StagedStock
        fields = ()


class AheadDemandFilter(AheadFilter):
    class Meta:
        model = Demand
        fields = ()

    def sieve(self) -> Q:
        return ready.lacking()


class _AheadList(Resource):
    tag = TAG

    @cached_property
    def ahead(self) -> Ahead:
        return ahead_of(self.request)

    @property
    def is_described(self) -> bool:
        """Whether there is no request, but the document is being written."""
        return getattr(self, "swagger_fake_view", False)


class CauseOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Where it is, or why it may not be used.")
    quantity = QuantityOut()


class GapOut(serializers.Serializer[Any]):
    """A line that is not all staged, or of which quality has stopped something."""

    line = serializers.IntegerField(source="line.line")
    material = Code("line.material")
    unit = serializers.CharField(source="line.material.base_unit_id")
    lot = Code("line.lot", allow_null=True, default=None)
    missing = QuantityOut()
    blocked = QuantityOut()
    causes = CauseOut(many=True)


class ShortDemandOut(serializers.Serializer[Any]):
    """A demand that is not complete, needed within the horizon or before."""

    demand = serializers.CharField(source="demand.reference")
    kind = serializers.CharField(source="demand.kind")
    needed_at = serializers.DateTimeField(source="demand.needed_at")
    outlook = serializers.ChoiceField(choices=Outlook.choices)
    cover = serializers.ChoiceField(choices=Cover.choices, help_text="What stands in the way.")
    in_time = serializers.ChoiceField(choices=InTime.choices)
    done_at = serializers.DateTimeField(
        allow_null=True, help_text="When all would be staged at that pace, if it is all there."
    )
    percent = serializers.IntegerField(source="entry.kit.percent")
    lines = GapOut(many=True, source="entry.gaps")


class AheadDemandViewSet(_AheadList):
    """Demands that are not complete: what is missing, where it is, whether there is time."""

    queryset = Demand.objects.with_state().select_related("site")
    permission_needed = ("staging.view_demand", "staging.view_commitment")
    serializer_class = ShortDemandOut
    filterset_class = AheadDemandFilter
    ordering_fields = ("needed_at",)
    ordering = ("needed_at",)
    summaries = {"list": "Demands that are not complete"}

    def get_queryset(self) -> QuerySet[Demand]:
        rows: QuerySet[Demand] = super().get_queryset()
        return rows if self.is_described else rows.filter(pk__in=self.ahead.demands.rows())

    def get_serializer(self, rows: Any = None, **options: Any) -> Any:
        """Of demands, what becomes of them."""
        if options.get("many") and rows:
            rows = self._outlooks(rows)
        return super().get_serializer(rows, **options)

    def _outlooks(self, rows: list[Demand]) -> list[Short]:
        looking = self.ahead.demands
        return looking.outlooks(rows, self._pace)

    @cached_property
    def _pace(self) -> Any:
        return self.ahead.demands.pace()


class StalePositionSerializer(StagedStockSerializer):
    """A position as it is staged, and what will happen to it when."""

    at = serializers.DateTimeField(read_only=True)
    reason = serializers.ChoiceField(choices=Stale.choices, read_only=True)

    class Meta:
        model = Commitment
        fields = (*StagedStockSerializer.Meta.fields, "at", "reason")
        read_only_fields = fields


class AheadPositionViewSet(_AheadList):
    """Positions that will warn or be critical within the horizon, unless their demand takes them
    before."""

    queryset = StagedStock.objects.all()
    serializer_class = StalePositionSerializer
    filterset_class = AheadPositionFilter
    ordering_fields = ("rings_at",)
    ordering = ("rings_at",)
    summaries = {"list": "Positions that go stale"}

    def get_queryset(self) -> QuerySet[Any]:
        if self.is_described:
            return super().get_queryset()
        rows: Any = self.ahead.positions()
        found: QuerySet[Any] = rows.with_stop(timezone.localdate())
        return found
