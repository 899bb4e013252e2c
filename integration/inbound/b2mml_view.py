"""`POST /inbound/b2mml/{source}/`: a document of an MES or ERP, as XML or JSON."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integration.access import refusing
from integration.external.serving import serve
from integration.external.views import PUT_LOT
from integration.inbound import b2mml
from integration.inbound.b2mml import Document, Found
from integration.inbound.tree import Node, TextXmlParser, XmlParser, of_json
from integration.inbound.views import SEND_DEMAND
from inventory import attempts
from inventory.api.answers import Answer
from inventory.api.lines import read_lines
from inventory.api.parsers import ExactJSONParser
from inventory.api.problems import Invalid
from inventory.api.schema import TO_DO, ApiSchema
from inventory.api.terms import is_dry, terms_of, told
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Surface
from inventory.verbs import Verb


class DocumentSchema(ApiSchema):
    problems = TO_DO


class B2mmlView(APIView):
    """Takes the material requirements of a schedule as demands, or material lots as lots announced.

    All of a document or nothing. Errors name the element in `field`. As `send_demand` and
    `put_lot`, whose permissions it needs. Refuses what they do: `message_outdated`,
    `version_reused`, `demand_differs`, `external_id_taken`, `lot_differs`.
    """

    schema = DocumentSchema()
    parser_classes = (ExactJSONParser, XmlParser, TextXmlParser)
    permission_needed = SEND_DEMAND.permission
    keeps_to_sites = True
    summaries = {"post": "Send a B2MML document"}
    tag = "Inbound"

    @extend_schema(
        operation_id="send_b2mml",
        request={"application/json": OpenApiTypes.OBJECT, "application/xml": OpenApiTypes.STR},
        responses=Answer,
    )
    def post(self, request: Request, source: str) -> Response:
        terms = terms_of(request)
        root = request.data if isinstance(request.data, Node) else of_json(request.data)
        document = _read(root, source)
        verb = PUT_LOT if document.lots else SEND_DEMAND
        found = document.lots or document.demands
        bodies = [one.body for one in found]
        by = Actor(cast("User", request.user), Surface.API)
        _may(request, verb, by)

        with _named_by_element(found):
            lines = read_lines(verb.line, {"lines": bodies}).lines
            answer, replayed = serve(
                verb,
                lines,
                by=by,
                at=timezone.now(),
                key=terms.key,
                asked=bodies,
                told=lambda refusal: told(_by_element(found, refusal)),
                dry=terms.dry,
            )
        return terms.respond(answer, replayed=replayed)


def _read(root: Node, source: str) -> Document:
    """A document that is not understood is no attempt at anything: 400."""
    try:
        return b2mml.read(root, source)
    except Refused as refusal:
        raise Invalid([refusal.plain()]) from refusal


def _may(request: Request, verb: Verb, by: Actor) -> None:
    refusing.require(request, verb.permission)
    if not by.user.has_perm(verb.permission):
        if not is_dry(request):
            attempts.record_denied(verb.permission, {}, by=by)
        raise PermissionDenied


@contextmanager
def _named_by_element(found: Sequence[Found]) -> Iterator[None]:
    """Errors name the element of the document, and not our field that it became."""
    try:
        yield
    except Invalid as error:
        for one in error.errors:
            one["field"] = _path(found, one["line"], one["field"])
        raise
    except Refused as refusal:
        _by_element(found, refusal)
        raise


def _by_element(found: Sequence[Found], refusal: Refused) -> Refused:
    for each in refusal.all:
        each.field = _path(found, each.line, each.field)
    return refusal


def _path(found: Sequence[Found], line: int | None, field: str | None) -> str | None:
    return field if line is None else found[line].path_of(field)
