"""Events, to query and to export."""

from typing import Any, ClassVar, cast
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from integration.epcis import asking, documents, reading, schema
from integration.epcis.problems import Unanswerable
from integration.epcis.web import Resource, extensions, names_for
from inventory.audit import Actor
from inventory.models import Surface
from inventory.sites import limit_of

READ = (
    "inventory.view_movement", "inventory.view_lot", "quality.view_decision", "quality.view_hold",
)  # fmt: skip


def actor(request: Request) -> Actor:
    return Actor(cast("User", request.user), Surface.API)


class EventsView(Resource):
    """What happened, by the parameters of the standard; without `orderBy` in the order in which it
    was recorded."""

    permissions = {"GET": READ}
    keeps_to_sites = True
    summaries: ClassVar[dict[str, str]] = {"get": "EPCIS events"}

    @extend_schema(
        operation_id="epcis_events",
        parameters=[*schema.QUERY, schema.FORMAT, schema.LINK],
        responses={(200, kind): schema.QUERY_DOCUMENT for kind in (schema.JSON, schema.JSON_LD)},
    )
    def get(self, request: Request) -> Response:
        query = asking.read(request.query_params, limit_of(request.user))
        page = reading.page(query, names_for(request))
        headers = {"GS1-Extensions": extensions()}
        if page.next:
            following = query.following(page.next, len(page.events))
            headers["Link"] = f'<{_next(request, following)}>; rel="next"'
        return Response(documents.query_document(page.events), headers=headers)


def _next(request: Request, following: asking.Query) -> str:
    asked = {**request.query_params.dict(), "nextPageToken": following.token}
    if following.most is not None:
        asked["eventCountLimit"] = str(following.most)
    return request.build_absolute_uri(f"?{urlencode(asked)}")


class EventView(Resource):
    """An event, and the declarations that are about it."""

    permissions = {"GET": READ}
    keeps_to_sites = True
    summaries: ClassVar[dict[str, str]] = {"get": "One EPCIS event"}

    @extend_schema(
        operation_id="epcis_event",
        parameters=[schema.FORMAT],
        responses={(200, kind): schema.QUERY_DOCUMENT for kind in (schema.JSON, schema.JSON_LD)},
    )
    def get(self, request: Request, event_id: str) -> Response:
        if request.query_params:
            name = next(iter(request.query_params))
            raise Unanswerable(name, "unknown_parameter", _("An event takes no parameters."))
        if "\x00" in event_id:  # PostgreSQL holds no such text
            raise Http404
        query = asking.of_event(event_id, limit_of(request.user))
        page = reading.page(query, names_for(request))
        if not page.events:
            raise Http404
        return Response(documents.query_document(page.events))


class ExportView(Resource):
    """All that a query selects, streamed as one EPCISDocument. Begin and end stand in the audit
    trail, with count, selection and SHA-256."""

    permissions = {"GET": READ}
    keeps_to_sites = True
    summaries: ClassVar[dict[str, str]] = {"get": "EPCIS events as a document"}

    @extend_schema(
        operation_id="epcis_document",
        parameters=[*schema.QUERY, schema.FORMAT],
        responses={(200, schema.JSON_LD): schema.DOCUMENT},
    )
    def get(self, request: Request) -> Any:
        query = asking.read(request.query_params, limit_of(request.user))
        name, content = documents.export(
            query, names_for(request), request.query_params, by=actor(request), at=timezone.now()
        )
        answer = StreamingHttpResponse(content, content_type="application/ld+json")
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer
