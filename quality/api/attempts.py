"""Refused attempts over the API: one by one, and counted."""

from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.api.fields import Code, QuantityOut
from inventory.api.resources import (
    PERIOD,
    CodeFilter,
    PeriodFilters,
    Resource,
    WithinFilter,
    WordFilter,
)
from inventory.api.serializers import WHO_AND_WHEN, RecordedSerializer
from inventory.models import RefusedAttempt, Surface
from quality import near_misses
from quality.near_misses import Family


class AttemptFilter(PeriodFilters):
    verb = CodeFilter("", "verb", help_text="By its permission: `staging.stage`.")
    code = CodeFilter("", "code")
    family = filters.ChoiceFilter(
        choices=Family, method="filter_family", help_text="What kind of thing stood in the way."
    )
    lot = CodeFilter("lot")
    material = CodeFilter("material")
    location = CodeFilter("location")
    within = WithinFilter()
    container = CodeFilter("container")
    demand = CodeFilter("", "demand")
    actor = CodeFilter("actor", "username")
    surface = WordFilter(choices=Surface.choices)

    class Meta:
        model = RefusedAttempt
        fields = ("rule", "rule_version", "hold", "batch")

    def filter_family(self, rows: QuerySet[RefusedAttempt], name: str, value: str) -> Any:
        return rows.filter(near_misses.of_family(value))


class AttemptSerializer(RecordedSerializer):
    """What was tried and why it was refused. What the attempt did not name is null or empty."""

    lot = Code("lot", allow_null=True, default=None)
    material = Code("material", allow_null=True, default=None)
    location = Code("location", allow_null=True, default=None)
    container = Code("container", allow_null=True, default=None)
    quantity = QuantityOut(allow_null=True)
    unit = serializers.CharField(source="counted_in", read_only=True)
    asked = serializers.DictField(read_only=True, help_text="As it was written; no secrets.")

    class Meta:
        model = RefusedAttempt
        fields = (
            "id", "verb", "code", "field", "message", "line", "lot", "material", "location",
            "container", "demand", "quantity", "unit", "rule", "rule_version", "hold", "asked",
            *WHO_AND_WHEN,
        )  # fmt: skip
        read_only_fields = fields


class TallySerializer(serializers.Serializer[Any]):
    """`quality + person + other = attempts`."""

    attempts = serializers.IntegerField()
    quality = serializers.IntegerField()
    person = serializers.IntegerField(help_text="For want of a permission, or at a signature.")
    other = serializers.IntegerField()


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    rule = serializers.IntegerField(allow_null=True, help_text="Number of the usage rule.")
    rule_version = serializers.IntegerField(allow_null=True)
    rule_text = serializers.CharField(allow_blank=True)
    attempts = serializers.IntegerField()
    lots = serializers.IntegerField(help_text="How many different ones.")
    people = serializers.IntegerField(help_text="How many different ones.")
    last_at = serializers.DateTimeField()


class PlaceSerializer(TallySerializer):
    location = Code("location", allow_null=True, default=None)


class StepSerializer(TallySerializer):
    since = serializers.DateField(help_text="The first day of the step.")


class NearMissesSerializer(serializers.Serializer[Any]):
    """Days are those of the server's zone. `complete` is false where the oldest are left out."""

    since = serializers.DateField()
    until = serializers.DateField()
    step = serializers.ChoiceField(["day", "week", "month"])
    complete = serializers.BooleanField()
    total = TallySerializer()
    by_reason = ReasonSerializer(many=True, help_text="The commonest 50.")
    by_place = PlaceSerializer(many=True, help_text="The commonest 50.")
    over_time = StepSerializer(many=True, help_text="Steps without an attempt included.")


class AttemptViewSet(Resource):
    """Refused attempts, the newest first: who tried what with which lot, and why not."""

    queryset = RefusedAttempt.objects.select_related(
        "actor", "lot", "material", "location", "container"
    )
    serializer_class = AttemptSerializer
    filterset_class = AttemptFilter
    ordering_fields = ("recorded_at", "id")
    ordering = ("-recorded_at",)
    said_in_words = ("lot", "container", "demand", "message", "asked", "reason")
    file_permission = "inventory.export_audit"
    summaries = {
        "list": "Refused attempts",
        "retrieve": "One refused attempt",
        "counts": "Refused attempts, counted",
    }
    tag = "Quality records"

    @extend_schema(responses=NearMissesSerializer, filters=True)
    @action(detail=False, pagination_class=None, keeps_to_sites=True)
    def counts(self, request: Request) -> Response:
        """By reason and usage rule, by place, and over time; of the last 30 days, unless another
        period is asked for. Takes the filters of the list.
        """
        rows = self.filter_queryset(RefusedAttempt.objects.all())
        since, until = _period(request)
        if since is None and until is None:
            since = near_misses.usual_start()
            rows = rows.filter(recorded_at__gte=near_misses.start_of(since))
        found = near_misses.count(rows, since=since, until=until)
        return Response(NearMissesSerializer(found).data)


def _period(request: Request) -> tuple[date | None, date | None]:
    """The first and the last day that are asked for."""
    asked = AttemptFilter(request.query_params).form
    asked.is_valid()
    start, end = (asked.cleaned_data.get(name) for name in PERIOD)
    return (
        start and timezone.localdate(start),
        end and timezone.localdate(end - timedelta(microseconds=1)),
    )
