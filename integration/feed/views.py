"""The change feed over the API."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from integration.feed import rights, waiting
from integration.feed.kinds import NAMES, PREFIX
from integration.feed.query import NEWEST, Asked, FeedQuery, parts
from integration.feed.reading import Filters, Page, mark_now, newest, page
from inventory.api.renderers import FastJSONRenderer
from inventory.api.schema import ALWAYS, ApiSchema

BATCH = "application/cloudevents-batch+json"


class BatchRenderer(FastJSONRenderer):
    """The events alone, as CloudEvents wants a batch; the cursor is in the headers."""

    media_type = BATCH
    format = "cloudevents"

    def render(self, data: Any, *args: Any, **options: Any) -> bytes:
        alone = data["results"] if isinstance(data, dict) and "results" in data else data
        return super().render(alone, *args, **options)


class CloudEvent(serializers.Serializer[Any]):
    """An event of CloudEvents 1.0. `data` differs by type: docs/feed.md says what is in it."""

    specversion = serializers.CharField(help_text="`1.0`")
    id = serializers.CharField(help_text="The same, however often the event is read or sent.")
    source = serializers.CharField(help_text="Which installation it comes from.")  # type: ignore[assignment]
    type = serializers.ChoiceField(choices=[PREFIX + name for name in NAMES])
    time = serializers.DateTimeField(help_text="By the server's clock.")
    subject = serializers.CharField(help_text="`lot:RM-1001/A24-0802`, `demand:GRA-0145`")
    sequence = serializers.CharField(help_text="Its position in the feed: sorts as a text.")
    datacontenttype = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]


class FeedPage(serializers.Serializer[Any]):
    """Events in their order. With filters a page may be empty although there is `more`."""

    results = CloudEvent(many=True)
    cursor = serializers.CharField(help_text="`after` of the next request. Keep it.")
    more = serializers.BooleanField(help_text="Whether to ask again at once.")
    next = serializers.URLField(help_text="The next request, with the same filters.")


class FeedSchema(ApiSchema):
    problems = (400, 404, 409, 410, *ALWAYS)


class MayFollow(IsAuthenticated):
    """Who may view all that is asked for."""

    def has_permission(self, request: Request, view: Any) -> bool:
        allowed = super().has_permission(request, view)
        return allowed and request.user.has_perms(view.permission_needed)


class EventsView(APIView):
    """Everything that happens, in one order: movements, decisions, holds, changes of demands and
    alerts, as CloudEvents.

    Go on after the `cursor` of the answer before, whenever you like: it outlives restarts, and
    nothing ever appears before it. Events have an `id` for you to tell a repetition by. With `wait`
    the answer comes when something has happened. Refuses `cursor_too_old` (410) and `cursor_ahead`.
    """

    permission_classes = (MayFollow,)
    keeps_to_sites = True
    renderer_classes = (FastJSONRenderer, BatchRenderer)
    schema = FeedSchema()
    summaries: ClassVar[dict[str, str]] = {"get": "Change feed"}
    tag = "History"

    @property
    def permission_needed(self) -> tuple[str, ...]:
        """To view all that is asked for."""
        return tuple(sorted(rights.needed(parts(self.request.query_params.get("type", "")))))

    @extend_schema(
        operation_id="events_list",
        parameters=[
            FeedQuery,
            OpenApiParameter(
                "Feed-Cursor", str, OpenApiParameter.HEADER, response=[200],
                description="The same as `cursor`, for those who ask for a batch.",
            ),
            OpenApiParameter(
                "Link", str, OpenApiParameter.HEADER, response=[200],
                description='The next request, `rel="next"`.',
            ),
        ],
        responses={(200, "application/json"): FeedPage, (200, BATCH): CloudEvent(many=True)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = Asked(request)
        found, waited = _answer(asked)
        following = replace_query_param(request.build_absolute_uri(), "after", str(found.cursor))
        headers = {"Feed-Cursor": str(found.cursor), "Link": f'<{following}>; rel="next"'}
        if not waited:
            headers["Retry-After"] = "1"
        body = {
            "results": [event.cloudevent() for event in found.events],
            "cursor": str(found.cursor),
            "more": found.more,
            "next": following,
        }
        return Response(body, headers=headers)


def _answer(asked: Asked) -> tuple[Page, bool]:
    """The page, and whether it was waited for where that was asked."""
    found = _look(asked.where, asked.most, _start(asked.after))
    if not asked.wait or found.events or found.more:
        return found, True
    with waiting.turn() as given:
        if not given:
            return found, False
        return _wait(asked, found), True


def _wait(asked: Asked, before: Page) -> Page:
    """Until something has happened that is wanted; what is not, the cursor passes over."""
    last = before

    def look() -> Page | None:
        nonlocal last
        last = _look(asked.where, asked.most, last.cursor)
        return last if last.events or last.more else None

    return waiting.until(look, seconds=asked.wait) or last


def _look(where: Filters, most: int, position: int) -> Page:
    return page(position, where=where, most=most)


def _start(after: str | None) -> int:
    if after == NEWEST:
        return newest()
    return mark_now().forgotten if after is None else int(after)
