"""The times of a lot, over the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import sites
from inventory.models import Lot
from quality.clocks import KINDS, STATES, LotClock, clocks_of


class LotClockSerializer(serializers.Serializer[LotClock]):
    """One of the times, and who refuses the lot once it is over."""

    kind = serializers.ChoiceField(choices=KINDS)
    label = serializers.CharField()  # type: ignore[assignment]
    detail = serializers.CharField()
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Null while it does not run.")
    seconds_left = serializers.IntegerField(
        allow_null=True, help_text="Below zero once it is over."
    )
    state = serializers.ChoiceField(choices=STATES)
    since = serializers.DateTimeField(
        allow_null=True, help_text="Since when it runs, if it runs at times only."
    )
    whom = serializers.CharField(
        allow_blank=True, help_text="The customer who asks for it; empty where everybody does."
    )


class LotClocksAnswer(serializers.Serializer[Any]):
    lot = serializers.CharField()
    at = serializers.DateTimeField(help_text="The moment that all of them are told for.")
    clocks = LotClockSerializer(many=True)


class LotClocksView(APIView):
    """Expiry, retest, the shelf life that must remain and for whom, time out of storage, and the
    ends of restrictions."""

    permission_needed = "inventory.view_lot"
    summaries = {"get": "Clocks of a lot"}
    tag = "Quality records"
    keeps_to_sites = True

    @extend_schema(responses=LotClocksAnswer, operation_id="lots_clocks_retrieve")
    def get(self, request: Request, pk: int) -> Response:
        lots = sites.within(Lot.objects.select_related("material"), request.user)
        lot, now = get_object_or_404(lots, pk=pk), timezone.now()
        answer = {"lot": lot.code, "at": now, "clocks": clocks_of(lot, now)}
        return Response(LotClocksAnswer(answer).data)
