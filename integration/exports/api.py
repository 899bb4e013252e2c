"""The exports over the API."""

from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from integration.exports.ledger.making import export_ledger
from integration.exports.ledger.records import Lines
from integration.exports.ocel.choice import FILTERS, Choice
from integration.exports.ocel.making import export_ocel
from integration.exports.span import Span
from inventory.api.fields import ChoiceIn, DateTimeIn
from inventory.api.renderers import FastJSONRenderer
from inventory.api.schema import TO_READ, ApiSchema
from inventory.api.terms import refuse_parameters
from inventory.audit import Actor
from inventory.models import Surface
from inventory.sheets.answers import as_download
from inventory.sites import limit_of

TAG = "Exports"
BIGGEST = 2**63 - 1


class ZipRenderer(FastJSONRenderer):
    """Lets a ZIP be asked for. The view answers itself; what it refuses is JSON."""

    format = "zip"
    media_type = "application/zip"


class SpanQuery(serializers.Serializer[Any]):
    """What is left out bounds nothing."""

    from_number = serializers.IntegerField(
        required=False, min_value=0, max_value=BIGGEST, help_text="The first movement."
    )
    to_number = serializers.IntegerField(
        required=False, min_value=0, max_value=BIGGEST, help_text="The last movement."
    )
    recorded_from = DateTimeIn(required=False, help_text="Recorded from this moment on.")
    recorded_before = DateTimeIn(required=False, help_text="Recorded before this moment.")


class LedgerQuery(SpanQuery):
    lines = ChoiceIn(choices=Lines, default=Lines.CSV, help_text="How each record is written.")


class OcelQuery(SpanQuery):
    def get_fields(self) -> dict[str, Any]:
        words = {
            name: serializers.CharField(required=False, max_length=130, help_text=str(text))
            for name, text in FILTERS.items()
        }
        return super().get_fields() | words


OF_SPAN = ("from_number", "to_number", "recorded_from", "recorded_before")


class ExportSchema(ApiSchema):
    problems = (*TO_READ, 409)


def _asked(serializer: type[SpanQuery], request: Request) -> tuple[Span, dict[str, Any]]:
    """The range, and what else is asked. Refuses parameters that nobody reads."""
    query = serializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    refuse_parameters(request, query.fields)
    given = dict(query.validated_data)
    return Span(**{name: given.pop(name, None) for name in OF_SPAN}), given


class LedgerView(APIView):
    """The ledger of a range as a ZIP: movements, decisions, holds, changes of claim, lot links, the
    seals over them, and a manifest with counts, sums and digests. Its export is recorded.

    `check_export.py` says whether it is whole. To a token for some sites it gives their records
    alone, and `sites` in the manifest says so. Refuses `range_backwards`, `export_too_large`.
    """

    schema = ExportSchema()
    renderer_classes = (FastJSONRenderer, ZipRenderer)
    permission_needed = "inventory.export_audit"
    keeps_to_sites = True
    summaries: ClassVar[dict[str, str]] = {"get": "Ledger export"}
    tag = TAG

    @extend_schema(
        parameters=[LedgerQuery],
        operation_id="exports_ledger",
        responses={(200, "application/zip"): OpenApiResponse(bytes, "The ZIP.")},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        span, given = _asked(LedgerQuery, request)
        by = Actor(request.user, Surface.API)  # type: ignore[arg-type]  # has a permission
        name, content = export_ledger(span, lines=given["lines"], by=by, at=timezone.now())
        return as_download(content, name, "application/zip")


class OcelView(APIView):
    """The flow of material as an object-centric event log, OCEL 2.0 JSON, for process mining. Its
    export is recorded. No person is named in it. Refuses `range_backwards`, `export_too_large`."""

    schema = ExportSchema()
    permission_needed = "inventory.view_movement"
    keeps_to_sites = True
    summaries: ClassVar[dict[str, str]] = {"get": "Flow for process mining"}
    tag = TAG

    @extend_schema(
        parameters=[OcelQuery],
        operation_id="exports_ocel",
        responses={(200, "application/json"): OpenApiResponse(dict, "An OCEL 2.0 document.")},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        span, given = _asked(OcelQuery, request)
        by = Actor(request.user, Surface.API)  # type: ignore[arg-type]  # has a permission
        name, content = export_ocel(
            Choice(span=span, limit=limit_of(request.user), **given), by=by, at=timezone.now()
        )
        return as_download(content, name, "application/json")
