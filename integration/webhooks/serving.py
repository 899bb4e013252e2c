"""What is done over the API with webhooks and dead letters, under the terms of every verb."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response

from integration.feed.numbering import catch_up_wholly
from integration.webhooks import addresses
from integration.webhooks.serializers import Nothing
from inventory import attempts, preconditions
from inventory.api import matching
from inventory.api.clients import client_of
from inventory.api.etags import current
from inventory.api.fields import UNKNOWN_FIELD
from inventory.api.resources import Resource
from inventory.api.schema import TO_DO, TO_READ, ApiSchema
from inventory.api.terms import Terms, plain_json, settled, terms_of
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.idempotency import Answer
from inventory.models import Surface

READING = ("list", "retrieve", "metadata")
MAKING = ("create", "test")
"""What changes nothing that has been read before."""

Asks = type[serializers.Serializer[Any]]
Given = dict[str, Any]


class DoingSchema(ApiSchema):
    """Reading and doing have problems of their own."""

    @property
    def problems(self) -> tuple[int, ...]:  # type: ignore[override]  # by method, here
        if self.method == "GET":
            return TO_READ
        return TO_DO if self.operation in MAKING else (*TO_DO, 412, 428)

    def _get_request_body(self, direction: Any = "request") -> dict[str, Any] | None:
        body = super()._get_request_body(direction)
        return body and body | {"required": self.get_request_serializer() is not Nothing}


class Doing(Resource):
    """A resource that things can be done with: who may change webhooks may."""

    schema = DoingSchema()
    tag = "Webhooks"
    view_permission = ""
    keeps_to_sites = True

    @property
    def permission_needed(self) -> str:  # type: ignore[override]
        if self.action in READING:
            return self.view_permission
        verb = "add" if self.action == "create" else "change"
        return f"integration.{verb}_subscription"

    def serve(
        self,
        run: Callable[..., Any],
        asks: Asks,
        *,
        shown: Callable[[Any], Any],
        name: str = "",
        row: models.Model | None = None,
    ) -> Response:
        """Do it with the row, which the action knows by that name, and answer with what is shown of
        its result."""
        terms = terms_of(self.request, matches=self.action not in MAKING)
        given = self.asked(asks)
        self.require_scope(given)
        by = Actor(cast("User", self.request.user), Surface.API)
        doing = _Doing(run, given, {name: row} if name else {}, by, timezone.now())
        asked = {"id": row.pk if row else None, "asked": self.request.data}
        with self._expecting(terms, row):
            answer, replayed = settled(
                terms, by.user, doing.called, asked, doing.prepared(shown), refused=doing.record
            )
        return self.respond(terms, answer, replayed=replayed)

    def respond(self, terms: Terms, answer: Answer, *, replayed: bool) -> Response:
        return terms.respond(answer, replayed=replayed)

    def asked(self, asks: Asks) -> Given:
        """What was sent; of something that changes, only that."""
        given = asks(data=self.request.data, partial=self.request.method == "PATCH")
        given.is_valid(raise_exception=True)
        if unknown := sorted(set(self.request.data) - set(given.fields)):
            said = [ErrorDetail(str(UNKNOWN_FIELD), "unknown_field")]
            raise serializers.ValidationError(dict.fromkeys(unknown, said))
        return dict(given.validated_data)

    def require_scope(self, given: Given) -> None:
        """Hold the token to what it is for, beyond the permission of the view."""

    def _expecting(self, terms: Terms, row: models.Model | None) -> AbstractContextManager[None]:
        """Refuses `precondition_required` where the client must say what it has read."""
        if row is None or self.action in MAKING:
            return nullcontext()
        if terms.match is not None:
            return matching.expecting(row, terms.match, field="id", tags=lambda: self.tags(row))
        if client_of(self.request).match_required:
            raise matching.required("id")
        return nullcontext()

    def tags(self, row: models.Model) -> tuple[str, ...]:
        """The ETags with which it may have been read as it is now."""
        return (current(row, self.request),)


class _Doing:
    """An action, with what it is to be given."""

    def __init__(
        self,
        run: Callable[..., Any],
        given: Given,
        named: dict[str, models.Model | None],
        by: Actor,
        at: datetime,
    ) -> None:
        self.run, self.given, self.named, self.by, self.at = run, given, named, by, at
        self.called = f"webhooks.{run.__name__}"

    def prepared(self, shown: Callable[[Any], Any]) -> Callable[[], Answer]:
        """What is left to do in the transaction. What takes time has been done then: the name of an
        address is resolved, and what has happened has its place in the feed."""
        refusal: Refused | None = None
        catch_up_wholly()
        try:
            if "url" in self.given:
                self.given["url"] = addresses.check_url(self.given["url"])
        except Refused as found:
            refusal = found

        def act() -> Answer:
            if refusal is not None:
                raise refusal
            result = self.run(**self.named, **self.given, by=self.by, at=self.at)
            preconditions.require_compared()
            return int(HTTPStatus.OK), plain_json(shown(result))

        return act

    def record(self, refusal: Refused) -> None:
        """Keep the attempt."""
        texts = {name: [value] for name, value in self.given.items() if isinstance(value, str)}
        asked = texts | {name: [row] for name, row in self.named.items()}
        tried = [(asked, found) for found in refusal.all]
        attempts.record(self.called, tried, by=self.by, at=self.at)
