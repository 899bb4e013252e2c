"""Events of partners, to send in; and what has become of them."""

from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import Any, ClassVar, NamedTuple, cast
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from integration.epcis import schema, views
from integration.epcis.capture import running, tasks
from integration.epcis.capture.checking import events_of, read_event
from integration.epcis.documents import context
from integration.epcis.problems import Known, TooLarge, Unanswerable, Unreadable, unreadable
from integration.epcis.views import actor
from integration.epcis.web import Resource
from integration.models import CaptureJob, ErrorBehaviour
from inventory.api.parsers import BodyTooLarge, ExactJSONParser
from inventory.errors import Refused

CAPTURE = ("integration.capture_epcis",)
PER_PAGE, MOST_PER_PAGE = 30, 500


class Received(NamedTuple):
    """A body as it was sent, and what it says."""

    raw: bytes
    said: Any


class DocumentParser(ExactJSONParser):
    """JSON of a size that we publish."""

    def limit(self) -> int:
        return int(settings.EPCIS_CAPTURE_BYTES)

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        body = stream.read(self.limit() + 1)
        if len(body) > self.limit():
            raise BodyTooLarge
        return Received(body, super().parse(BytesIO(body)))


class JsonLdParser(DocumentParser):
    media_type = "application/ld+json"


def limits() -> dict[str, str]:
    """How much may be sent at once."""
    return {
        "GS1-EPCIS-Capture-Limit": str(settings.EPCIS_CAPTURE_EVENTS),
        "GS1-EPCIS-Capture-File-Size-Limit": str(settings.EPCIS_CAPTURE_BYTES),
    }


class Capturing(Resource):
    """Takes documents of events."""

    parser_classes = (DocumentParser, JsonLdParser)

    def discovery(self) -> dict[str, str]:
        return limits() | {"GS1-Capture-Error-Behaviour": ", ".join(ErrorBehaviour)}

    def handle_exception(self, exc: Exception) -> Response:
        answer = super().handle_exception(exc)
        if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            for name, value in limits().items():
                answer.headers[name] = value
        return answer

    def begin(self, request: Request, received: Received, events: list[Any]) -> CaptureJob:
        """The job, run already if it is a small one."""
        behaviour = _behaviour(request)
        job = running.accept(
            body=received.raw, events=events, behaviour=behaviour, by=actor(request),
            at=timezone.now(),
        )  # fmt: skip
        if not job.is_running:
            return job
        if len(events) > settings.EPCIS_CAPTURE_AT_ONCE:
            transaction.on_commit(partial(tasks.capture.delay, str(job.pk)))
            return job
        return running.run(job.pk, at=timezone.now()) or job


def _behaviour(request: Request) -> ErrorBehaviour:
    wanted = request.headers.get("GS1-Capture-Error-Behaviour", ErrorBehaviour.ROLLBACK)
    if wanted not in ErrorBehaviour.values:
        text = _("Choose one of: %(allowed)s.") % {"allowed": ", ".join(ErrorBehaviour)}
        raise unreadable("bad_value", text, "GS1-Capture-Error-Behaviour")
    return ErrorBehaviour(wanted)


class CaptureView(Capturing):
    """Documents of events, and the jobs that they became."""

    permissions = {"GET": CAPTURE, "POST": CAPTURE}
    summaries: ClassVar[dict[str, str]] = {
        "get": "EPCIS capture jobs", "post": "Capture EPCIS events",
    }  # fmt: skip

    @extend_schema(
        operation_id="epcis_capture",
        description="Receipts, movements and shipments of partners become our own verbs, all or "
        "none unless `GS1-Capture-Error-Behaviour` says otherwise. The same document gives the "
        "same job; what is wrong with an event stands in it.",
        parameters=[schema.BEHAVIOUR, schema.location(202, "the job")],
        request=dict.fromkeys((schema.JSON, schema.JSON_LD), schema.SENT_DOCUMENT),
        responses={202: OpenApiResponse(description="Taken; the job says what became of it.")},
    )
    def post(self, request: Request) -> Response:
        received = cast("Received", request.data)
        events = events_of(received.said)
        if len(events) > settings.EPCIS_CAPTURE_EVENTS:
            text = _("Send %(most)s events at once at most.")
            raise TooLarge(text % {"most": settings.EPCIS_CAPTURE_EVENTS})
        job = self.begin(request, received, events)
        where = request.build_absolute_uri(reverse("epcis-job", args=[job.pk]))
        return Response(status=HTTPStatus.ACCEPTED, headers={"Location": where})

    @extend_schema(
        operation_id="epcis_capture_jobs",
        description="One's own, the newest first.",
        parameters=[*schema.JOBS, schema.LINK],
        responses={
            (200, kind): {"type": "array", "items": schema.JOB}
            for kind in (schema.JSON, schema.JSON_LD)
        },
    )
    def get(self, request: Request) -> Response:
        size, after = _page_of(request)
        rows = CaptureJob.objects.filter(user=actor(request).user).defer("document")
        found = list((rows.filter(pk__lt=after) if after else rows)[: size + 1])
        headers = {}
        if len(found) > size:
            where = request.build_absolute_uri(f"?perPage={size}&nextPageToken={found[size - 1]}")
            headers["Link"] = f'<{where}>; rel="next"'
        return Response([_job(job) for job in found[:size]], headers=headers)


def _page_of(request: Request) -> tuple[int, UUID | None]:
    """How many jobs, and after which one. Raises `Unanswerable`."""
    asked = request.query_params
    for name in asked:
        if name not in ("perPage", "nextPageToken"):
            raise Unanswerable(name, "unknown_parameter", _("There is no such parameter here."))
    size = asked.get("perPage", str(PER_PAGE))
    if not (size.isascii() and size.isdecimal() and 1 <= int(size[:6]) <= MOST_PER_PAGE):
        text = _("Ask for 1 to %(most)s jobs.") % {"most": MOST_PER_PAGE}
        raise Unanswerable("perPage", "out_of_range", text)
    try:
        after = UUID(asked["nextPageToken"]) if "nextPageToken" in asked else None
    except ValueError as error:
        text = _("This token is not one of ours: start from the first page.")
        raise Unanswerable("nextPageToken", "bad_token", text) from error
    return int(size), after


class JobView(Resource):
    """What has become of a document."""

    permissions = {"GET": CAPTURE}
    summaries: ClassVar[dict[str, str]] = {"get": "One EPCIS capture job"}

    @extend_schema(
        operation_id="epcis_capture_job",
        responses={(200, kind): schema.JOB for kind in (schema.JSON, schema.JSON_LD)},
    )
    def get(self, request: Request, capture_id: UUID) -> Response:
        rows = CaptureJob.objects.filter(user=actor(request).user, pk=capture_id)
        job = rows.defer("document").first()
        if job is None:
            raise Http404
        return Response(_job(job))


def _job(job: CaptureJob) -> dict[str, Any]:
    return {
        "captureID": str(job.pk),
        "createdAt": job.created_at.isoformat(),
        **({"finishedAt": job.finished_at.isoformat()} if job.finished_at else {}),
        "running": job.is_running,
        "success": job.has_succeeded,
        "captureErrorBehaviour": job.behaviour,
        "forestage:events": job.events,
        "forestage:captured": job.captured,
        "forestage:capturedBefore": job.repeated,
        "errors": job.errors,
    }


class EventsView(views.EventsView, Capturing):
    """Events, to ask for; or a single one, to capture."""

    permissions = views.EventsView.permissions | {"POST": CAPTURE}
    captures_one = True
    summaries: ClassVar[dict[str, str]] = {
        **views.EventsView.summaries, "post": "Capture one EPCIS event",
    }  # fmt: skip

    @extend_schema(
        operation_id="epcis_capture_event",
        description="As a document with this event alone, done before the answer. Refuses "
        "`event_id_reused`; what its verb refuses is a 400 here, with the verb's code in `errors`.",
        parameters=[schema.BEHAVIOUR, schema.location(201, "the event")],
        request=dict.fromkeys((schema.JSON, schema.JSON_LD), schema.SENT_EVENT),
        responses={201: OpenApiResponse(description="Captured, now or before.")},
    )
    def post(self, request: Request) -> Response:
        received = cast("Received", request.data)
        try:
            sent = read_event(0, received.said)
        except Refused as refusal:
            raise Unreadable([refusal.plain()]) from refusal
        body = running.as_document(received.raw, context())
        job = self.begin(request, Received(body, None), [received.said])
        if job.errors:
            if job.errors[0]["code"] == "event_id_reused":
                raise Known(job.errors[0]["detail"])
            raise Unreadable([{"line": None, "facts": {}} | error for error in job.errors])
        path = reverse("epcis-event", args=["-"]).removesuffix("-") + quote(sent.id, safe="")
        return Response(
            status=HTTPStatus.CREATED, headers={"Location": request.build_absolute_uri(path)}
        )
