"""Webhooks over the API: the same actions as in the admin."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from integration.models import Delivery, Parcel, ParcelKind, Subscription
from integration.webhooks import actions
from integration.webhooks.serializers import (
    DeliverySerializer,
    Enabling,
    LetterSerializer,
    Nothing,
    Reason,
    Replaying,
    Rotation,
    Subscribing,
    WebhookSerializer,
    WebhookWithSecretSerializer,
)
from inventory.api.fields import UNKNOWN_FIELD
from inventory.api.resources import Filters, Resource, YesNoFilter
from inventory.api.schema import TO_DO, TO_READ, ApiSchema
from inventory.audit import Actor
from inventory.models import Surface

TAG = "Webhooks"
READING = ("list", "retrieve", "metadata")
Asks = type[serializers.Serializer[Any]]


class WebhookSchema(ApiSchema):
    """Reading and doing have problems of their own."""

    @property
    def problems(self) -> tuple[int, ...]:  # type: ignore[override]
        if self.method == "GET":
            return TO_READ
        left_out = {422} if "Refuses" in self.get_description() else {422, 409}
        return tuple(code for code in TO_DO if code not in left_out)

    def _get_request_body(self, direction: Any = "request") -> dict[str, Any] | None:
        body = super()._get_request_body(direction)
        return body and body | {"required": self.get_request_serializer() is not Nothing}


class Doing(Resource):
    """A resource that things can be done with: who may change webhooks may."""

    schema = WebhookSchema()
    tag = TAG
    view_permission = ""

    @property
    def permission_needed(self) -> str:  # type: ignore[override]
        if self.action in READING:
            return self.view_permission
        verb = "add" if self.action == "create" else "change"
        return f"integration.{verb}_subscription"

    def asked(self, asks: Asks) -> dict[str, Any]:
        """What was sent, and by whom."""
        given = asks(data=self.request.data)
        given.is_valid(raise_exception=True)
        if unknown := sorted(set(self.request.data) - set(given.fields)):
            said = [ErrorDetail(str(UNKNOWN_FIELD), "unknown_field")]
            raise serializers.ValidationError(dict.fromkeys(unknown, said))
        return {**given.validated_data, **self.who()}

    def who(self) -> dict[str, Any]:
        by = Actor(self.request.user, Surface.API)  # type: ignore[arg-type]
        return {"by": by, "at": timezone.now()}


class SubscriptionFilter(Filters):
    enabled = YesNoFilter("disabled_at", "isnull")

    class Meta:
        model = Subscription
        fields = ("name",)


def _webhook(asks: Asks, answers: Asks = WebhookSerializer) -> Callable[..., Any]:
    """What the description says of something that is done with a webhook."""
    return extend_schema(request=asks, responses={200: answers}, filters=False)


class WebhookViewSet(Doing):
    """Receivers of events. Their secrets are shown when they are made, and never again."""

    queryset = Subscription.objects.select_related("owner").prefetch_related("sites")
    serializer_class = WebhookSerializer
    filterset_class = SubscriptionFilter
    view_permission = "integration.view_subscription"
    summaries: ClassVar[dict[str, str]] = {
        "list": "Webhooks", "retrieve": "One webhook", "create": "Set a webhook up",
        "rotate_secret": "Rotate a webhook's secret", "disable": "Disable a webhook",
        "enable": "Enable a webhook", "try_now": "Try a webhook now",
        "set_aside": "Set the event aside that is not taken", "replay": "Send events again",
        "test": "Send a test event",
    }  # fmt: skip

    @_webhook(Subscribing, WebhookWithSecretSerializer)
    def create(self, request: Request) -> Response:
        """Set a receiver up. Refuses `webhook_url`, `webhook_address`, `webhook_type`,
        `cursor_too_old`, `cursor_ahead`."""
        row, secret = actions.subscribe(**{"contact": ""} | self.asked(Subscribing))
        return self._with_secret(row, secret)

    @_webhook(Rotation, WebhookWithSecretSerializer)
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: int) -> Response:
        """Make a new secret; the old one signs as well until the overlap ends."""
        row = self.get_object()
        secret = actions.rotate_secret(subscription=row, **self.asked(Rotation))
        return self._with_secret(row, secret)

    @_webhook(Reason)
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: int) -> Response:
        """Send nothing more; the position is kept."""
        return self._do(actions.disable, Reason)

    @_webhook(Enabling)
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: int) -> Response:
        """Go on sending. Refuses `webhook_place_lost`, `nothing_given_up`."""
        return self._do(actions.enable, Enabling)

    @_webhook(Nothing)
    @action(detail=True, methods=["post"], url_path="try-now")
    def try_now(self, request: Request, pk: int) -> Response:
        """Try the event that was not taken again at once."""
        return self._do(actions.try_now, Nothing)

    @_webhook(Reason)
    @action(detail=True, methods=["post"], url_path="set-aside")
    def set_aside(self, request: Request, pk: int) -> Response:
        """Make the event that is not taken a dead letter. Refuses `nothing_given_up`."""
        return self._do(actions.set_aside, Reason)

    @_webhook(Replaying)
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: int) -> Response:
        """Send everything after a position again. Refuses `cursor_too_old`, `cursor_ahead`."""
        return self._do(actions.replay, Replaying)

    @_webhook(Nothing)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        """Have a test event sent within seconds; see the deliveries for what was answered."""
        return self._do(actions.send_test, Nothing)

    def _do(self, run: Callable[..., Any], asks: Asks) -> Response:
        row = self.get_object()
        run(subscription=row, **self.asked(asks))
        return Response(WebhookSerializer(self.get_object()).data)

    def _with_secret(self, row: Subscription, secret: str) -> Response:
        shown = WebhookSerializer(row).data | {"secret": secret}
        return Response(shown, headers={"Cache-Control": "no-store"})


class DeliveryFilter(Filters):
    webhook = filters.ModelChoiceFilter(
        field_name="subscription", queryset=Subscription.objects.all()
    )
    event = filters.CharFilter("event")

    class Meta:
        model = Delivery
        fields = ("outcome",)


class DeliveryViewSet(Doing):
    """Every attempt to deliver, as long as the log is kept."""

    queryset = Delivery.objects.all()
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    view_permission = "integration.view_delivery"
    summaries: ClassVar[dict[str, str]] = {"list": "Deliveries", "retrieve": "One attempt"}


class LetterFilter(Filters):
    webhook = filters.ModelChoiceFilter(
        field_name="subscription", queryset=Subscription.objects.all()
    )
    open = YesNoFilter("taken_at", "isnull")

    class Meta:
        model = Parcel
        fields = ("event",)


class LetterViewSet(Doing):
    """Dead letters: events that were given up."""

    queryset = Parcel.objects.filter(kind=ParcelKind.DEAD)
    serializer_class = LetterSerializer
    filterset_class = LetterFilter
    view_permission = "integration.view_parcel"
    summaries: ClassVar[dict[str, str]] = {
        "list": "Dead letters", "retrieve": "One dead letter", "send_again": "Send it again",
    }  # fmt: skip

    @extend_schema(request=Nothing, responses={200: LetterSerializer}, filters=False)
    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, pk: int) -> Response:
        """Have it sent once more, beside the others. Refuses `letter_taken`."""
        letter = actions.send_again(letter=self.get_object(), **self.asked(Nothing))
        return Response(LetterSerializer(letter).data)
