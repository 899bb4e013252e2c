"""Webhooks over the API: the same actions as in the admin."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from integration.access import refusing
from integration.feed import rights
from integration.models import Delivery, Parcel, ParcelKind, Subscription
from integration.webhooks import actions, secrets
from integration.webhooks.serializers import (
    Changing,
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
from integration.webhooks.serving import Asks, Doing, Given
from inventory.api.etags import etag_of
from inventory.api.renderers import FastJSONRenderer
from inventory.api.resources import Filters, YesNoFilter
from inventory.api.terms import Terms
from inventory.audit import Actor
from inventory.idempotency import FIRST_ERROR, Answer
from inventory.models import Surface

BEFORE = ("name", "url", "types", "sites", "contact")
SETTLED = (*BEFORE, *actions.OF_ALERTS)
"""What changes by hand alone: the rest of a webhook changes with every event. Who knows nothing of
alerts compares what was there before, and changes no more than that."""

SECRET = "secret"  # noqa: S105 - of an answer; as it is kept, the number of the secret


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

    queryset = Subscription.objects.select_related("owner").prefetch_related("sites", "limited_to")
    serializer_class = WebhookSerializer
    filterset_class = SubscriptionFilter
    view_permission = "integration.view_subscription"
    summaries: ClassVar[dict[str, str]] = {
        "list": "Webhooks", "retrieve": "One webhook", "create": "Set a webhook up",
        "partial_update": "Change a webhook",
        "rotate_secret": "Rotate a webhook's secret", "disable": "Disable a webhook",
        "enable": "Enable a webhook", "try_now": "Try a webhook now",
        "set_aside": "Set the event aside that is not taken", "replay": "Send events again",
        "test": "Send a test event",
    }  # fmt: skip

    @_webhook(Subscribing, WebhookWithSecretSerializer)
    def create(self, request: Request) -> Response:
        """Set a receiver up, of what you may view yourself. Refuses `webhook_url`,
        `webhook_address`, `webhook_type`, `webhook_rights`, `site_not_in_scope`,
        `webhook_without_alerts`, `cursor_too_old`, `cursor_ahead`."""
        return self.serve(
            actions.subscribe, Subscribing, shown=lambda made: self._with_secret(made[0])
        )

    @_webhook(Changing)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change where events go, or which; what is left out stays.

        In `If-Match`, the `ETag` of a webhook read with
        `fields=name,url,types,sites,alert_severity,alert_level,alert_reasons,contact` will do,
        which stays the same while events are sent. Refuses `webhook_url`, `webhook_address`,
        `webhook_type`, `webhook_rights`, `site_not_in_scope`, `webhook_without_alerts`.
        """
        return self._do(actions.change, Changing)

    @_webhook(Rotation, WebhookWithSecretSerializer)
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: int) -> Response:
        """Make a new secret; the old one signs as well until the overlap ends."""
        return self._do(actions.rotate_secret, Rotation, shown=self._with_secret)

    @_webhook(Reason)
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: int) -> Response:
        """Send nothing more; the position is kept."""
        return self._do(actions.disable, Reason)

    @_webhook(Enabling)
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: int) -> Response:
        """Go on sending. Where its owner may not view all of it any more, whoever enables it
        answers for it from then on. Refuses `webhook_place_lost`, `nothing_given_up`,
        `webhook_rights`."""
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

    def _do(
        self, run: Callable[..., Any], asks: Asks, shown: Callable[[Any], Any] | None = None
    ) -> Response:
        row = self.get_object()
        show = shown or self._shown
        return self.serve(run, asks, shown=lambda _done: show(row), name="subscription", row=row)

    def _shown(self, row: Subscription) -> dict[str, Any]:
        return dict(WebhookSerializer(self.get_queryset().get(pk=row.pk)).data)

    def _with_secret(self, row: Subscription) -> dict[str, Any]:
        return self._shown(row) | {SECRET: row.secrets.latest("pk").pk}

    def respond(self, terms: Terms, answer: Answer, *, replayed: bool) -> Response:
        """The secret is put into the answer on its way, and stands in none that is kept."""
        status, body = answer
        if status >= FIRST_ERROR or SECRET not in body:
            return super().respond(terms, answer, replayed=replayed)
        told = body | {SECRET: None if terms.dry else self._secret(body, again=replayed)}
        response = super().respond(terms, (status, told), replayed=replayed)
        response["Cache-Control"] = "no-store"
        return response

    def _secret(self, body: dict[str, Any], *, again: bool) -> str | None:
        now = timezone.now()
        if not again:
            return secrets.again(body[SECRET], now)
        by = Actor(self.request.user, Surface.API)  # type: ignore[arg-type]
        row = Subscription.objects.get(pk=body["id"])
        return actions.show_secret(subscription=row, secret=body[SECRET], by=by, at=now)

    def require_scope(self, given: Given) -> None:
        """What is sent is read by its receiver: the token must be for reading it."""
        if self.action in ("create", "partial_update"):
            for permission in sorted(rights.needed(given.get("types", ()))):
                refusing.require(self.request, permission)

    def tags(self, row: Any) -> tuple[str, ...]:
        shown, renderer = self._shown(row), FastJSONRenderer()
        settled = [
            {name: shown[name] for name in shown if name in names} for names in (SETTLED, BEFORE)
        ]
        return (*super().tags(row), *(etag_of(renderer.render(one)) for one in settled))


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
        return self.serve(
            actions.send_again, Nothing, name="letter", row=self.get_object(),
            shown=lambda letter: LetterSerializer(letter).data,
        )  # fmt: skip
