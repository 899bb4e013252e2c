"""A lot's timeline, over the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import sites
from inventory.models import Lot
from staging.timeline import Event, timeline


class EventSerializer(serializers.Serializer[Event]):
    """One thing that happened to the lot."""

    kind = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    occurred_at = serializers.DateTimeField()
    title = serializers.CharField()
    detail = serializers.CharField()
    who = serializers.CharField()
    surface = serializers.CharField()
    why = serializers.CharField()
    type = serializers.CharField(
        source="source._meta.model_name", help_text="What it is read from."
    )
    id = serializers.CharField(source="source.pk", help_text="Its number there.")


class TimelineAnswer(serializers.Serializer[Any]):
    """`sites` are those that it is narrowed to, for a token for some; null: nothing is left out."""

    lot = serializers.CharField(source="lot.code")
    sites = serializers.ListField(child=serializers.CharField(), allow_null=True)
    events = EventSerializer(many=True)


class TimelineView(APIView):
    """Everything that happened to a lot, in one order, the oldest first."""

    permission_needed = "inventory.view_movement"
    summaries = {"get": "Timeline of a lot"}
    tag = "History"
    keeps_to_sites = True

    @extend_schema(responses=TimelineAnswer, operation_id="lots_timeline_retrieve")
    def get(self, request: Request, pk: int) -> Response:
        lots = sites.within(Lot.objects.select_related("material"), request.user)
        lot = get_object_or_404(lots, pk=pk)
        told = sites.told_of(sites.limit_of(request.user))
        events = timeline(lot, request.user)
        answer = TimelineAnswer({"lot": lot, "sites": told, "events": events}).data
        refused = [event for event in answer["events"] if event["kind"] == "refused"]
        sites.hush(refused, ["detail"], request.user)
        return Response(answer)
