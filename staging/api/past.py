"""As it stood, over the API: the board, a lane and a demand at a past moment."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import sites
from inventory.api.fields import Code, DateTimeIn, QuantityOut
from inventory.api.schema import TO_READ, ApiSchema
from inventory.api.terms import refuse_empty, refuse_parameters
from inventory.models import Location, Purpose
from quality.models import Hold
from staging import kits
from staging.models import Demand, Severity
from staging.past import changes
from staging.past.board import board_then
from staging.past.changes import Around
from staging.past.kit import demand_then
from staging.past.moment import Known, Moment, require_past
from staging.past.standing import Lane, Stood, lanes_then

TAG = "As it stood"
MOST = 1000
"""Positions that are told of one lane or demand."""


class PastQuery(serializers.Serializer[Any]):
    at = DateTimeIn(
        required=False,
        help_text="Which moment, best in UTC; what happened at it counts. Left out: now.",
    )
    known = serializers.ChoiceField(
        Known.choices, default=Known.NOW,
        help_text="Which time of an entry counts. `now`: when it is said to have happened, as we"
        " know it now; `then`: when it was recorded, as it was known then.",
    )  # fmt: skip


class BoardQuery(PastQuery):
    site = serializers.CharField(required=False, help_text="The code of a site.")
    purpose = serializers.ChoiceField(Purpose.choices, required=False)
    after = serializers.CharField(
        required=False, help_text="The code of the last lane of the page before, its `next`."
    )


class HoldThen(serializers.ModelSerializer[Hold]):
    on = serializers.CharField(source="target", help_text="What it stopped.")
    placed_at = serializers.DateTimeField(source="occurred_at")

    class Meta:
        model = Hold
        fields = ("id", "on", "reason", "placed_at", "lifted_at")
        read_only_fields = fields


class AlertThen(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    reason = serializers.CharField()
    detail = serializers.CharField()
    severity = serializers.ChoiceField(
        choices=Severity.choices, allow_blank=True,
        help_text="How bad it was. Empty where older steps do not say.",
    )  # fmt: skip
    level = serializers.IntegerField(help_text="Who had to know: 1, 2 or 3.")
    raised_at = serializers.DateTimeField()
    lot = Code("lot", allow_null=True, default=None)
    location = Code("location", allow_null=True, default=None)
    demand = Code("demand", "reference", allow_null=True, default=None)


class StoodOut(serializers.Serializer[Stood]):
    """A quantity of a lot at a place, in its base unit. Without a demand: nobody's."""

    demand = serializers.CharField(
        source="claim.row.requirement.demand.reference", allow_null=True, default=None
    )
    line = serializers.IntegerField(
        source="claim.row.requirement.line", allow_null=True, default=None
    )
    state = serializers.CharField(source="claim.row.state", allow_null=True, default=None)
    lot = Code("lot")
    material = Code("lot.material")
    quantity = QuantityOut()
    unit = serializers.CharField(source="lot.material.base_unit_id")
    location = Code("location")
    container = Code("container", allow_null=True, default=None)
    since = serializers.DateTimeField(allow_null=True)
    warn_at = serializers.DateTimeField(source="claim.warn_at", allow_null=True, default=None)
    due_at = serializers.DateTimeField(source="claim.due_at", allow_null=True, default=None)
    needed_at = serializers.DateTimeField(source="demand.needed_at", allow_null=True, default=None)
    warned = serializers.BooleanField(source="is_warned")
    critical = serializers.BooleanField(source="is_critical")
    overdue = serializers.BooleanField(source="is_overdue")
    status = serializers.CharField(help_text="The quality status of the lot.")
    stops = serializers.ListField(
        child=serializers.CharField(), help_text="Why it could not be used, as the gate's codes."
    )
    holds = serializers.ListField(
        child=serializers.IntegerField(), source="hold_numbers",
        help_text="The numbers of the holds on it.",
    )  # fmt: skip


class LaneThen(serializers.Serializer[Lane]):
    lane = Code("location")
    site = Code("location.site")
    name = serializers.CharField(source="location.name", help_text="As it is now.")
    purpose = serializers.CharField(source="location.purpose")
    capacity = serializers.IntegerField(source="location.capacity", allow_null=True)
    positions_taken = serializers.IntegerField(source="occupied")
    unclear = serializers.IntegerField(
        help_text="Lots of which more is said to have left by then than to have come."
    )
    staged = serializers.SerializerMethodField()
    without_demand = serializers.SerializerMethodField()
    left_out = serializers.SerializerMethodField(help_text="Rows beyond the first thousand.")
    alerts = AlertThen(many=True, help_text="Those that were open.")

    @extend_schema_field(StoodOut(many=True))
    def get_staged(self, lane: Lane) -> Any:
        return StoodOut(lane.staged[:MOST], many=True).data  # type: ignore[arg-type]

    @extend_schema_field(StoodOut(many=True))
    def get_without_demand(self, lane: Lane) -> Any:
        return StoodOut(lane.loose[:MOST], many=True).data  # type: ignore[arg-type]

    def get_left_out(self, lane: Lane) -> int:
        return sum(max(len(rows) - MOST, 0) for rows in (lane.staged, lane.loose))


class PastAnswer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    known = serializers.CharField()
    claims_known_since = serializers.DateTimeField(
        allow_null=True,
        help_text="Not null: for whom stock stood there is not known before then, and left out.",
    )
    previous_change = serializers.DateTimeField(allow_null=True)
    next_change = serializers.DateTimeField(allow_null=True)
    sites = serializers.ListField(
        child=serializers.CharField(), allow_null=True,
        help_text="Of which sites alone, for a token for some; null: nothing is left out.",
    )  # fmt: skip
    holds = HoldThen(many=True, help_text="Those that lay on what stood there.")


class BoardThenAnswer(PastAnswer):
    lanes = LaneThen(many=True)
    next = serializers.CharField(allow_null=True, help_text="`after` of the next page.")


class LaneThenAnswer(PastAnswer):
    lane = LaneThen()


class LineThen(serializers.Serializer[Any]):
    """A line of the demand with what it had, in the base unit. `blocked` is staged, and could not
    be used."""

    line = serializers.IntegerField()
    material = Code("material")
    lot = Code("lot", allow_null=True, default=None)
    unit = serializers.CharField(source="material.base_unit_id")
    quantity = QuantityOut()
    reserved = QuantityOut()
    staged = QuantityOut()
    issued = QuantityOut()
    used = QuantityOut()
    short = QuantityOut()
    blocked = QuantityOut()


class DemandThenAnswer(PastAnswer):
    demand = serializers.CharField()
    kind = serializers.CharField()
    site = serializers.CharField()
    state = serializers.CharField(help_text="Empty where it is not known what the demand had.")
    needed_at = serializers.DateTimeField()
    route = serializers.CharField()
    carrier = serializers.CharField()
    closed = serializers.BooleanField()
    percent = serializers.IntegerField(help_text="How complete its kit was.")
    lines = LineThen(many=True)
    positions = StoodOut(many=True, help_text="What of it was where, but for what was used.")
    left_out = serializers.IntegerField(help_text="Positions beyond the first thousand.")
    alerts = AlertThen(many=True, help_text="Those that were open.")


class PastSchema(ApiSchema):
    """Of a time before the first record nothing is known: it is refused."""

    problems = (*TO_READ, 409)


class PastView(APIView):
    """What the three resources share."""

    schema = PastSchema()
    keeps_to_sites = True
    tag = TAG
    query: type[PastQuery] = PastQuery

    def asked(self, request: Request) -> dict[str, Any]:
        """The parameters, with `moment`. Refuses `time_in_future`, `before_first_record`."""
        names = self.query().fields
        refuse_parameters(request, names)
        refuse_empty(request, names)
        query = self.query(data=request.query_params)
        query.is_valid(raise_exception=True)
        now, given = timezone.now(), query.validated_data
        moment = Moment(given.get("at", now), Known(given["known"]))
        if "at" in given:
            require_past(moment, now)
        return dict(given) | {"moment": moment}

    def told(
        self, moment: Moment, around: Around, since: datetime | None, stood: Collection[Stood]
    ) -> dict[str, Any]:
        """What all of them say. Holds that concern other sites too are not for who sees some."""
        found = {hold.pk: hold for one in stood for hold in one.holds}
        if sites.limit_of(self.request.user) is not None:
            rows = sites.within(Hold.objects.filter(pk__in=found), self.request.user)
            seen = set(rows.values_list("pk", flat=True))
            found = {pk: hold for pk, hold in found.items() if pk in seen}
            for one in stood:
                one.holds = [hold for hold in one.holds if hold.pk in seen]
        return {
            "at": moment.at,
            "known": moment.known,
            "claims_known_since": since,
            "previous_change": around.previous,
            "next_change": around.next,
            "sites": sites.told_of(sites.limit_of(self.request.user)),
            "holds": [found[pk] for pk in sorted(found)],
        }


class BoardThenView(PastView):
    """Lanes by site, purpose and walking order, nine on a page. Refuses
    `time_in_future`, `before_first_record`."""

    permission_needed = "staging.view_commitment"
    summaries = {"get": "The board as it stood"}
    query = BoardQuery

    @extend_schema(
        parameters=[BoardQuery], responses=BoardThenAnswer, operation_id="as_it_stood_board"
    )
    def get(self, request: Request) -> Response:
        asked = self.asked(request)
        wanted = {"site__code": asked.get("site"), "purpose": asked.get("purpose")}
        places = Location.objects.filter(**{name: one for name, one in wanted.items() if one})
        moment = asked["moment"]
        page = board_then(sites.within(places, request.user), moment, after=asked.get("after", ""))
        lanes = page.stood.lanes
        stood = [one for lane in lanes for one in lane.everything]
        around = changes.around_lanes([lane.location.pk for lane in lanes], stood, moment)
        told = self.told(moment, around, page.stood.claims_since, stood)
        return Response(BoardThenAnswer(told | {"lanes": lanes, "next": page.next or None}).data)


class LaneThenView(PastView):
    """What stood in a lane, for which demand, since when, and what was wrong with it. Refuses
    `time_in_future`, `before_first_record`."""

    permission_needed = "staging.view_commitment"
    summaries = {"get": "A lane as it stood"}

    @extend_schema(
        parameters=[PastQuery], responses=LaneThenAnswer, operation_id="as_it_stood_lane"
    )
    def get(self, request: Request, code: str) -> Response:
        moment = self.asked(request)["moment"]
        rows = sites.within(Location.objects.staging(), request.user).select_related("site")
        place = get_object_or_404(rows, code=code)
        found = lanes_then([place], moment)
        lane = found.lanes[0]
        around = changes.around_lanes([place.pk], lane.everything, moment)
        told = self.told(moment, around, found.claims_since, lane.everything)
        return Response(LaneThenAnswer(told | {"lane": lane}).data)


class DemandThenView(PastView):
    """What a demand needed, how far it had come, and what of it was where. Refuses
    `time_in_future`, `before_first_record`."""

    permission_needed = "staging.view_demand"
    summaries = {"get": "A demand as it stood"}

    @extend_schema(
        parameters=[PastQuery], responses=DemandThenAnswer, operation_id="as_it_stood_demand"
    )
    def get(self, request: Request, reference: str) -> Response:
        moment = self.asked(request)["moment"]
        rows = sites.within(Demand.objects.select_related("site"), request.user)
        demand = get_object_or_404(rows, reference=reference)
        stood = demand_then(demand, moment)
        limit = sites.limit_of(request.user)
        positions = [
            one for one in stood.positions if limit is None or one.location.site_id in limit
        ]
        lines = [line.pk for line in stood.kit.lines]
        around = changes.around_demand(demand, lines, positions, moment)
        told = self.told(moment, around, stood.claims_since, positions)
        answer = {
            "demand": demand.reference,
            "kind": demand.kind,
            "site": demand.site.code,
            "state": stood.state,
            "needed_at": stood.demand.needed_at,
            "route": stood.demand.route,
            "carrier": stood.demand.carrier,
            "closed": stood.demand.closed,
            "percent": stood.kit.percent,
            "lines": [_line(line, stood.blocked) for line in stood.kit.lines],
            "positions": positions[:MOST],
            "left_out": max(len(positions) - MOST, 0),
            "alerts": [one for one in stood.alerts if limit is None or one.site_id in limit],
        }
        return Response(DemandThenAnswer(told | answer).data)


def _line(line: Any, blocked: dict[int, Decimal]) -> Any:
    line.short, line.blocked = kits.short(line), blocked.get(line.pk, Decimal(0))
    return line


VIEWS = {
    "board/": BoardThenView.as_view(),
    "lanes/<str:code>/": LaneThenView.as_view(),
    "demands/<str:reference>/": DemandThenView.as_view(),
}
