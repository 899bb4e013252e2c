"""What every resource below `/epcis/` has in common: versions, formats, problems."""

from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integration.epcis.identifiers import Format, Names
from integration.epcis.problems import Unfit, problem
from integration.epcis.schema import EpcisSchema
from inventory.api.renderers import FastJSONRenderer

VERSION = "2.0.0"
VERSIONS = {
    "GS1-EPCIS-Version": VERSION,
    "GS1-CBV-Version": VERSION,
}
BOUNDS = {"GS1-EPCIS-Min": VERSION, "GS1-EPCIS-Max": VERSION} | {
    "GS1-CBV-Min": VERSION, "GS1-CBV-Max": VERSION,
}  # fmt: skip


class JsonLd(FastJSONRenderer):
    media_type = "application/ld+json"


class Permitted(IsAuthenticated):
    """Who has all permissions that the method of the resource asks for."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and request.user.has_perms(
            view.permission_needed
        )


class Resource(APIView):
    """A resource of the standard, as docs/epcis.md and our OpenAPI describe it."""

    schema = EpcisSchema()
    summaries: ClassVar[dict[str, str]] = {}
    renderer_classes = (FastJSONRenderer, JsonLd)
    permission_classes = (Permitted,)
    permissions: ClassVar[dict[str, tuple[str, ...]]] = {}

    @property
    def permission_needed(self) -> tuple[str, ...]:
        return self.permissions.get(str(self.request.method), ())

    def get_exception_handler(self) -> Any:
        return problem

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        for name in ("EPCIS", "CBV"):
            _require_version(request, name)

    @extend_schema(exclude=True)  # it is asked of every resource alike
    def options(  # type: ignore[override]  # as its parent in REST framework
        self, request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        """What can be asked here: the standard's way to find out."""
        formats = ", ".join(Format)
        headers = BOUNDS | {"GS1-EPC-Format": formats, "GS1-Extensions": extensions()}
        return Response(status=HTTPStatus.NO_CONTENT, headers=headers | self.discovery())

    def discovery(self) -> dict[str, str]:
        """What else OPTIONS tells."""
        return {}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in VERSIONS.items():
            answer.headers.setdefault(name, value)
        return answer


def extensions() -> str:
    return f"forestage={settings.EPCIS_URI}/ns/"


def names_for(request: Request) -> Names:
    """How URIs are to be written. Raises `Unfit` for a format that there is not."""
    wanted = request.headers.get("GS1-EPC-Format", Format.LINKS)
    if wanted not in tuple(Format):
        text = _("GS1-EPC-Format: choose one of %(formats)s.")
        raise Unfit(text % {"formats": ", ".join(Format)})
    return Names.of(Format(wanted))


def _require_version(request: Request, name: str) -> None:
    """The client may say between which versions the answer must be."""
    ours = _version(VERSION)
    least = _version(request.headers.get(f"GS1-{name}-Min", VERSION))
    most = _version(request.headers.get(f"GS1-{name}-Max", VERSION))
    sent = _version(request.headers.get(f"GS1-{name}-Version", VERSION))
    if not (least <= ours <= most) or sent[0] != ours[0]:
        text = _("This is version %(version)s of %(name)s.")
        raise Unfit(text % {"version": VERSION, "name": name})


def _version(text: str) -> tuple[int, ...]:
    parts = text.strip().split(".")
    if not all(part.isascii() and part.isdecimal() and len(part) < 6 for part in parts):
        raise Unfit(_("Write a version as digits with dots between them: %s.") % VERSION)
    return tuple(int(part) for part in (*parts, "0", "0"))[:3]
