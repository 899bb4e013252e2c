"""The worklist over the API: to read, in the order in which people walk it."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory.api.fields import Code, QuantityOut
from inventory.api.terms import refuse_empty, refuse_parameters
from inventory.models import Location, Site
from staging.models import AlertLevel, AlertReason, Severity
from staging.worklists.stops import MOST, Worklist, worklist
from staging.worklists.works import Work


class WorklistQuery(serializers.Serializer[Any]):
    site = serializers.CharField(required=False, help_text="Code of a site.")
    area = serializers.CharField(required=False, help_text="Code of an area or lane.")
    work = serializers.ChoiceField(choices=Work.choices, required=False)
    mine = serializers.BooleanField(
        default=False, help_text="First what is assigned to who asks, or was acknowledged by them."
    )


class StopSerializer(serializers.Serializer[Any]):
    """Where something has to be done, with what, and why: one stop may settle several alerts."""

    work = serializers.ChoiceField(choices=Work.choices, help_text="What is done as a rule.")
    works = serializers.ListField(
        child=serializers.ChoiceField(choices=Work.choices),
        help_text="All that would do, of what who asks may do; the best first.",
    )
    severity = serializers.ChoiceField(choices=Severity.choices)
    level = serializers.ChoiceField(choices=AlertLevel.choices)
    site = Code("site")
    location = Code("location", allow_null=True, default=None)
    container = Code("container", allow_null=True, default=None)
    lots = serializers.ListField(child=serializers.CharField())
    demands = serializers.ListField(child=serializers.CharField())
    quantity = QuantityOut(
        allow_null=True, help_text="In the base unit, where it is about one lot; else null."
    )
    unit = Code("lot.material", "base_unit_id", allow_null=True, default=None)
    reasons = serializers.ListField(child=serializers.ChoiceField(choices=AlertReason.choices))
    since = serializers.DateTimeField(help_text="When the oldest of its alerts was raised.")
    taken_by = serializers.ListField(
        child=serializers.CharField(),
        help_text="User names: whom its alerts are assigned to, or who acknowledged them.",
    )
    alerts = serializers.ListField(child=serializers.IntegerField())


class WorklistAnswer(serializers.Serializer[Any]):
    stops = StopSerializer(many=True)
    complete = serializers.BooleanField(
        help_text=f"False where more than {MOST} alerts wait: the most urgent are here."
    )


class WorklistView(APIView):
    """The work that open alerts call for, of what who asks may do: by urgency, then along the walk.

    Snoozed alerts are left out. What is done leaves the list at once where it was done from the
    worklist, and otherwise with the next sweep of the clock.
    """

    permission_needed = "staging.view_alert"
    summaries = {"get": "Worklist"}
    tag = "Staging records"
    keeps_to_sites = True

    @extend_schema(
        parameters=[WorklistQuery], responses=WorklistAnswer, operation_id="worklist_retrieve"
    )
    def get(self, request: Request) -> Response:
        query = WorklistQuery(data=request.query_params)
        refuse_parameters(request, query.fields)
        refuse_empty(request, query.fields)
        query.is_valid(raise_exception=True)
        asked = dict(query.validated_data)
        for name, kind in (("site", Site), ("area", Location)):
            if name in asked:
                asked[name] = kind.objects.filter(code=asked[name]).first()
        # Nothing is to be done at a place that there is not.
        found = Worklist([]) if None in asked.values() else _found(request.user, asked)
        answer = {"stops": map(_shown, found.stops), "complete": not found.cut}
        return Response(WorklistAnswer(answer).data)


def _found(user: Any, asked: dict[str, Any]) -> Worklist:
    return worklist(user, timezone.now(), **asked)


def _shown(stop: Any) -> dict[str, Any]:
    plain = ("work", "works", "severity", "level", "site", "location", "container", "quantity",
             "lot", "reasons", "since")  # fmt: skip
    return {name: getattr(stop, name) for name in plain} | {
        "lots": [lot.code for lot in stop.lots],
        "demands": [demand.reference for demand in stop.demands],
        "taken_by": [person.get_username() for person in stop.taken_by],
        "alerts": [alert.pk for alert in stop.alerts],
    }
