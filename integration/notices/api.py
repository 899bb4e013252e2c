"""Notices over the API: one's own, and nobody else's."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, cast

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError as Invalid
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integration.models import Notice, NoticeChoice
from integration.notices import actions
from integration.notices.people import NEEDED
from integration.notices.serializers import (
    NoticeSerializer,
    Preferences,
    ReadAnswer,
    Reading,
)
from inventory.api.fields import UNKNOWN_FIELD
from inventory.api.resources import CodeFilter, Filters, Resource, YesNoFilter
from inventory.api.schema import TO_DO, TO_READ, ApiSchema
from inventory.api.terms import plain_json, refuse_parameters, settled, terms_of
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.idempotency import Answer
from inventory.models import Surface

CHOOSE = "integration.choose_notices"
TAG = "Notifications"


class OwnSchema(ApiSchema):
    """Reading and doing have problems of their own."""

    @property
    def problems(self) -> tuple[int, ...]:  # type: ignore[override]  # by method, here
        return TO_READ if self.method == "GET" else TO_DO


def asked(request: Request, asks: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """What was sent. Refuses fields that there are not."""
    given = asks(data=request.data)
    given.is_valid(raise_exception=True)
    if unknown := sorted(set(request.data) - set(given.fields)):
        said = [serializers.ErrorDetail(str(UNKNOWN_FIELD), "unknown_field")]
        raise serializers.ValidationError(dict.fromkeys(unknown, said))
    return dict(given.validated_data)


def carry_out(request: Request, name: str, act: Callable[[Actor], Any]) -> Response:
    """Do it once under its key, and answer with what it gives."""
    terms, by = terms_of(request), Actor(cast("User", request.user), Surface.API)

    def done() -> Answer:
        try:
            return int(HTTPStatus.OK), plain_json(act(by))
        except Invalid as wrong:
            raise serializers.ValidationError(serializers.as_serializer_error(wrong)) from wrong

    answer, replayed = settled(
        terms, by.user, f"notices.{name}", {"asked": request.data}, done, refused=_kept_nowhere
    )
    return terms.respond(answer, replayed=replayed)


def _kept_nowhere(refusal: Refused) -> None:
    """Nothing about one's own notices is ever refused."""


class NoticeFilter(Filters):
    unread = YesNoFilter("read_at", "isnull")
    open = YesNoFilter("alert__closed_at", "isnull")
    site = CodeFilter("site")

    class Meta:
        model = Notice
        fields = ("severity", "reason")


class NoticeViewSet(Resource):
    """What you were told of alerts."""

    schema = OwnSchema()
    queryset = Notice.objects.select_related(
        "step", "alert__site", "alert__location", "alert__lot__material", "alert__demand"
    )
    serializer_class = NoticeSerializer
    filterset_class = NoticeFilter
    keeps_to_sites = True
    tag = TAG
    summaries: ClassVar[dict[str, str]] = {
        "list": "Your notifications", "retrieve": "One of your notifications",
        "read": "Mark notifications as read",
    }  # fmt: skip

    @property
    def permission_needed(self) -> tuple[str, ...]:  # type: ignore[override]
        return (NEEDED, CHOOSE) if self.action == "read" else (NEEDED,)

    def get_queryset(self) -> QuerySet[Notice]:
        rows: QuerySet[Notice] = super().get_queryset()
        return rows.filter(user=self.request.user.pk)

    @extend_schema(request=Reading, responses={200: ReadAnswer}, filters=False)
    @action(detail=False, methods=["post"])
    def read(self, request: Request) -> Response:
        """Mark these as read, or all of yours. Those of others, or of other sites than the token's,
        are left as they are."""
        given = asked(request, Reading)
        return carry_out(
            request, "read",
            lambda by: {"read": actions.read_notices(**given, by=by, at=timezone.now())},
        )  # fmt: skip


class PreferencesView(APIView):
    """How you are told of alerts."""

    schema = OwnSchema()
    keeps_to_sites = False
    tag = TAG
    summaries: ClassVar[dict[str, str]] = {
        "get": "How you are told", "put": "Choose how you are told"
    }  # fmt: skip

    @property
    def permission_needed(self) -> tuple[str, ...]:
        return (NEEDED,) if self.request.method == "GET" else (NEEDED, CHOOSE)

    @extend_schema(operation_id="notice_preferences_read", responses={200: Preferences})
    def get(self, request: Request) -> Response:
        """As you chose it, over what your roles have."""
        refuse_parameters(request)
        row = NoticeChoice.objects.filter(pk=request.user.pk).first()
        return Response(_shown(row))

    @extend_schema(
        operation_id="notice_preferences_put", request=Preferences, responses={200: Preferences}
    )
    def put(self, request: Request) -> Response:
        """Choose all of it anew; it counts from what happens next."""
        given = asked(request, Preferences)
        return carry_out(
            request, "choose",
            lambda by: _shown(actions.choose_notices(**given, by=by, at=timezone.now())),
        )  # fmt: skip


def _shown(row: NoticeChoice | None) -> dict[str, Any]:
    """All defaults where nothing was chosen."""
    return actions.said(row or NoticeChoice())
