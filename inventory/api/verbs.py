"""Every verb at its own path: one view, made from the table of verbs."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import Any, NoReturn, cast

from django.contrib.auth.models import User
from django.db.models import Model
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import attempts, preconditions, verbs
from inventory.api import matching
from inventory.api.clients import client_of
from inventory.api.etags import current
from inventory.api.lines import Asked, read_lines
from inventory.api.problems import Invalid
from inventory.api.schema import VerbSchema
from inventory.api.terms import MATCH, Terms, is_dry, terms_of, told
from inventory.audit import Actor
from inventory.models import Surface
from inventory.verbs import REGISTRY, Verb


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
        """Keep who tried what, if somebody is known to be there and means it."""
        if request.method == "POST" and isinstance(request.user, User) and not is_dry(request):
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
        terms = terms_of(request, matches=bool(self.verb.changes))
        sent = without_secrets(self.verb, request.data)
        by = Actor(cast("User", request.user), Surface.API)
        try:
            asked = read_lines(self.verb.line, request.data)
        except Invalid as error:
            return self._done_before(request, terms, by, sent, error)
        with self._expecting(request, asked, terms):
            (status, body), replayed = verbs.serve(
                self.verb,
                asked.lines,
                by=by,
                at=asked.at or timezone.now(),
                key=terms.key,
                asked=sent,
                partial=asked.partial,
                told=told,
                dry=terms.dry,
            )
        return terms.respond((_status(status, asked.partial), body), replayed=replayed)

    def _done_before(
        self, request: Request, terms: Terms, by: Actor, sent: Any, error: Invalid
    ) -> Response:
        """The stored answer to a request that can no longer be read, because something else bears
        the same label by now; the error, if there is none."""
        partial = isinstance(request.data, Mapping) and request.data.get("partial") is True
        body = verbs.done_before(self.verb, by=by, key=terms.key, asked=sent, partial=partial)
        if body is None:
            raise error
        return terms.respond((_status(HTTPStatus.OK, partial), body), replayed=True)

    def _expecting(
        self, request: Request, asked: Asked, terms: Terms
    ) -> AbstractContextManager[None]:
        """Has the one thing that is changed compared with what the client has read of it.

        Refuses `precondition_required` where the client must say that.
        """
        if terms.match is None:
            self._require_match(request, asked.lines)
            return nullcontext()
        if len(asked.lines) != 1 or asked.partial:
            text = _("With If-Match, send one line, and without “partial”.")
            raise ValidationError({MATCH: [ErrorDetail(text, "one_line_only")]})
        row = self.changed(asked.lines[0])
        if row is None:
            raise preconditions.refused(
                _("What is not there yet"), field=self.verb.changes, etag=None
            )
        return matching.expecting(
            row, terms.match, field=self.verb.changes, tags=lambda: (current(row, request),)
        )

    def changed(self, line: Any) -> Model | None:
        """The one thing that a line changes; None where it makes one."""
        row: Model | None = getattr(line, self.verb.changes)
        return row

    def _require_match(self, request: Request, lines: list[Any]) -> None:
        if not self.verb.changes or not client_of(request).match_required:
            return
        if all(getattr(line, "expected", "") for line in lines):  # which says the same, and more
            return
        if all(self.changed(line) is None for line in lines):
            return
        raise matching.required(self.verb.changes)


def _status(status: int, partial: bool) -> int:
    """Each status has one shape, and 207 says: look at every line."""
    return HTTPStatus.MULTI_STATUS if partial and status == HTTPStatus.OK else status


def without_secrets(verb: Verb, data: Any) -> Any:
    """The body without passwords and one-time codes: nothing of them is kept, and a request that
    is repeated with a newer code is still the same."""
    secret = {field.name for field in verb.fields if field.about.secret}
    if not secret or not isinstance(data, Mapping):
        return data

    def clean(line: Any) -> Any:
        if not isinstance(line, Mapping):
            return line
        return {name: value for name, value in line.items() if name not in secret}

    kept = clean(data)
    if isinstance(lines := kept.get("lines"), list):
        kept["lines"] = [clean(line) for line in lines]
    return kept


def verb_urls() -> list[URLPattern]:
    """A path for each verb: `place_hold` is at `place-hold/`."""
    return [
        path(f"{name.replace('_', '-')}/", VerbView.as_view(verb=verb), name=f"verb-{name}")
        for name, verb in REGISTRY.items()
    ]
