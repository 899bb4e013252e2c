"""Attachments over the API: listed, sent as a form with a file, and fetched unchanged."""

from typing import Any, NoReturn, cast

from django.contrib.auth.models import User
from django.db.models import Model
from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import attempts, codes, sites
from inventory.api.problems import Invalid
from inventory.api.renderers import FastJSONRenderer
from inventory.api.resources import Resource
from inventory.api.schema import TO_DO, TO_READ, ApiSchema
from inventory.api.terms import is_dry, plain_json, settled, terms_of
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.idempotency import Answer
from inventory.models import Lot, Surface
from quality.actions.attachments import (
    ENDINGS,
    PERMISSION,
    check_size,
    digest_of,
    files_follow,
    keep,
    record_refused,
)
from quality.api import filters, serializers
from quality.downloads import download
from quality.models import Attachment, Inspection

AROUND = 10_000
"""Bytes of a form beside the file in it."""


class UploadSchema(ApiSchema):
    """Says what sending a file can lead to."""

    @property
    def problems(self) -> tuple[int, ...]:  # type: ignore[override]  # by method, here
        return TO_DO if self.method == "POST" else TO_READ


class AnyType(FastJSONRenderer):
    """For who asks for the type of the file that they expect; problems are JSON all the same."""

    media_type = "*/*"


class AttachmentViewSet(Resource):
    """Files kept with lots, such as certificates of analysis."""

    queryset = Attachment.objects.select_related("lot", "actor")
    serializer_class = serializers.AttachmentSerializer
    filterset_class = filters.AttachmentFilter
    parser_classes = (MultiPartParser,)
    schema = UploadSchema()
    keeps_to_sites = True
    ordering_fields = ("id", "recorded_at")
    summaries = {
        "list": "Attachments",
        "retrieve": "One attachment",
        "create": "Attach a file",
        "content": "The file itself",
    }
    tag = "Quality records"

    @property
    def permission_needed(self) -> str | None:  # type: ignore[override]  # by method, here
        return PERMISSION if self.request.method == "POST" else None

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        """Keep who tried, if somebody is known to be there."""
        if request.method == "POST" and isinstance(request.user, User) and not is_dry(request):
            attempts.record_denied(PERMISSION, {}, by=Actor(request.user, Surface.API))
        super().permission_denied(request, message, code)

    @extend_schema(
        request={"multipart/form-data": serializers.Upload},
        responses={200: serializers.AttachmentSerializer},
    )
    def create(self, request: Request) -> Response:
        """Keep a PDF, PNG, JPEG, CSV or text file with a lot, and with one of its inspections.

        The same file sent again for the same is kept once.

        Refuses `attachment_too_large` (413), `attachment_type_refused` (415), `attachment_empty`
        and `inspection_of_other_lot`. Permission: `quality.attach_file`.
        """
        length = str(request.META.get("CONTENT_LENGTH") or "")
        if length.isdecimal() and int(length) > AROUND:
            check_size(int(length) - AROUND)  # before all of it has been read
        terms = terms_of(request)
        given = serializers.Upload(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        lot = _of_sites(_named(Lot, asked["lot"], "lot"), request)
        inspection = asked.get("inspection")
        by, at, made = Actor(cast("User", request.user), Surface.API), timezone.now(), []

        def act() -> Answer:
            attachment = keep(
                lot=lot,
                inspection=_named(Inspection, inspection, "inspection") if inspection else None,
                file=asked["file"],
                reason=asked.get("reason", ""),
                by=by,
                at=at,
            )
            made.append(attachment)
            return 200, plain_json(self.get_serializer(attachment).data)

        with files_follow(made, kept=not terms.dry):
            answer, replayed = settled(
                terms, by.user, PERMISSION, _said(asked), act,
                refused=lambda refusal: record_refused(lot, asked["file"], refusal, by=by, at=at),
            )  # fmt: skip
        return terms.respond(answer, replayed=replayed)

    @extend_schema(responses={(200, kind): OpenApiTypes.BINARY for kind in ENDINGS.values()})
    @action(detail=True, renderer_classes=[FastJSONRenderer, AnyType])
    def content(self, request: Request, pk: int) -> FileResponse:
        """The file, byte for byte as it was attached; its SHA-256 has been checked.

        Refuses `attachment_damaged`.
        """
        return download(self.get_object())


def _of_sites(lot: Lot, request: Request) -> Lot:
    """The lot, if it is one that the sender may see. Refuses `site_not_in_scope`."""
    if not sites.within(Lot.objects.filter(pk=lot.pk), request.user).exists():
        raise sites.beyond("lot")
    return lot


def _said(asked: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as an idempotency key stands for it: the file by its name and digest."""
    file = asked["file"]
    return {**asked, "file": [file.name, digest_of(file)]}


def _named(kind: type[Model], code: str, field: str) -> Any:
    try:
        return codes.find_one(kind, code)
    except Refused as refusal:
        raise Invalid([refusal.plain(field=field)]) from refusal
