"""Every verb at its own path: one view, made from the table of verbs."""

from http import HTTPStatus
from typing import NoReturn, cast

from django.contrib.auth.models import User
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import attempts, verbs
from inventory.api.lines import read_lines
from inventory.api.schema import VerbSchema
from inventory.audit import Actor
from inventory.models import IdempotencyKey, Surface
from inventory.verbs import REGISTRY, Verb

LONGEST_KEY = IdempotencyKey._meta.get_field("key").max_length or 0


class VerbView(APIView):
    """Carries one verb out, on one line or up to 1000: all of them or none, or what can be."""

    verb: Verb = None  # type: ignore[assignment]  # as_view() gives it
    schema = VerbSchema()
    keeps_to_sites = True

    @property
    def permission_needed(self) -> str:
        return self.verb.permission

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        """Keep who tried what, if somebody is known to be there."""
        if request.method == "POST" and isinstance(request.user, User):
            by = Actor(request.user, Surface.API)
            attempts.record_denied(self.verb.permission, self.asked_for(request), by=by)
        super().permission_denied(request, message, code)

    def asked_for(self, request: Request) -> attempts.Asked:
        """What a request that is not let in asks for, as far as it can be read."""
        try:
            return attempts.asked_of(read_lines(self.verb.line, request.data).lines)
        except APIException:  # the answer is that they may not, whatever they wrote
            return {}

    def post(self, request: Request) -> Response:
        refuse_parameters(request)
        asked = read_lines(self.verb.line, request.data)
        answer, replayed = verbs.carry_out(
            self.verb,
            asked.lines,
            by=Actor(cast("User", request.user), Surface.API),
            at=asked.at or timezone.now(),
            key=idempotency_key(request),
            asked=request.data,
            partial=asked.partial,
        )
        return Response(
            answer,
            # Each status has one shape, and this one says: look at every line.
            status=HTTPStatus.MULTI_STATUS if asked.partial else HTTPStatus.OK,
            headers={"Idempotency-Replayed": "true"} if replayed else None,
        )


def refuse_parameters(request: Request) -> None:
    """All that is asked stands in the body, which the Idempotency-Key stands for."""
    text = _("Verbs take no parameters: send it in the body, beside “lines”.")
    if unknown := sorted(request.query_params):
        raise ValidationError({name: [ErrorDetail(text, "unknown_parameter")] for name in unknown})


def idempotency_key(request: Request) -> str:
    """The `Idempotency-Key` header, with or without quotes; '' if there is none."""
    key = str(request.headers.get("Idempotency-Key", "")).strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        text = _("Send up to %(most)s printable ASCII characters.") % {"most": LONGEST_KEY}
        raise ValidationError({"Idempotency-Key": [ErrorDetail(text, "bad_key")]})
    return key


def verb_urls() -> list[URLPattern]:
    """A path for each verb: `place_hold` is at `place-hold/`."""
    return [
        path(f"{name.replace('_', '-')}/", VerbView.as_view(verb=verb), name=f"verb-{name}")
        for name, verb in REGISTRY.items()
    ]
