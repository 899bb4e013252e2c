"""What an unsafe request says beside its body: the key, what it expects, whether it is meant."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from django.contrib.auth.models import User
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import CharField
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import idempotency, sites
from inventory.api.clients import client_of
from inventory.api.problems import CONTENT_TYPE, refusal_problem
from inventory.api.renderers import FastJSONRenderer
from inventory.api.structured import string_of
from inventory.errors import Refused
from inventory.idempotency import Answer
from inventory.models import IdempotencyKey
from inventory.rehearsal import rolled_back

LONGEST_KEY = IdempotencyKey._meta.get_field("key").max_length or 0
KEY, MATCH, DRY_RUN = "Idempotency-Key", "If-Match", "dry_run"
REPLAYED, REHEARSED = "Idempotency-Replayed", "Forestage-Dry-Run"


@dataclass(frozen=True, slots=True)
class Terms:
    """`match` holds the tags of If-Match, `("*",)` for any; None where it was not sent."""

    key: str = ""
    dry: bool = False
    match: tuple[str, ...] | None = None

    def respond(self, answer: Answer, *, replayed: bool) -> Response:
        """The answer, a refusal that was kept included, and what it is."""
        status, body = answer
        is_problem = status >= HTTPStatus.BAD_REQUEST
        return Response(
            body,
            status=status,
            headers=self.headers(replayed=replayed),
            content_type=CONTENT_TYPE if is_problem else None,
        )

    def headers(self, *, replayed: bool) -> dict[str, str]:
        said = {REPLAYED: replayed, REHEARSED: self.dry}
        return {name: "true" for name, holds in said.items() if holds}


def terms_of(request: Request, *, others: Collection[str] = (), matches: bool = False) -> Terms:
    """The terms of a request. `others` are its own parameters; it `matches` if it takes If-Match.

    Refuses `idempotency_key_missing` where the client must send one.
    """
    refuse_parameters(request, {*others, DRY_RUN})
    return Terms(
        key=idempotency_key(request), dry=is_dry(request), match=_match(request, taken=matches)
    )


def refuse_parameters(request: Request, known: Collection[str] = ()) -> None:
    """What is asked stands in the body, which the Idempotency-Key stands for."""
    text = _("There is no such parameter. Known are: %(known)s.") % {
        "known": ", ".join(sorted(known))
    }
    if unknown := sorted(set(request.query_params) - set(known)):
        raise ValidationError({name: [ErrorDetail(text, "unknown_parameter")] for name in unknown})


def refuse_empty(request: Request, names: Collection[str]) -> None:
    """What is a number, a moment or a word of a set is said, or left out."""
    text = str(CharField.default_error_messages["blank"])
    if empty := sorted(name for name in names if request.query_params.get(name) == ""):
        raise ValidationError({name: [ErrorDetail(text, "blank")] for name in empty})


def is_dry(request: Request) -> bool:
    """Whether nothing is meant to be left of it."""
    given = request.query_params.get(DRY_RUN, "false").lower()
    if given not in ("true", "false"):
        raise ValidationError({DRY_RUN: [ErrorDetail(_("Write true or false."), "invalid")]})
    return given == "true"


def idempotency_key(request: Request) -> str:
    """The `Idempotency-Key` header: a string in quotes, or plain ASCII; '' if there is none.

    Refuses `idempotency_key_missing` where the client must send one.
    """
    given = request.headers.get(KEY)
    if given is None:
        if client_of(request).key_required:
            raise _missing()
        return ""
    key = given.strip()
    try:
        key = string_of(key) if key.startswith('"') else key
    except ValueError:
        key = ""
    if not 0 < len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        text = _(
            "Send up to %(most)s printable ASCII characters, as they are or as a string in quotes."
        ) % {"most": LONGEST_KEY}
        raise ValidationError({KEY: [ErrorDetail(text, "bad_key")]})
    return key


def _missing() -> Refused:
    return Refused(
        gettext_lazy("This request needs an Idempotency-Key."),
        code="idempotency_key_missing",
        field=KEY,
        hint=gettext_lazy("Send a new key with every new request, and the same to repeat it."),
    )


def _match(request: Request, *, taken: bool) -> tuple[str, ...] | None:
    given = request.headers.get(MATCH)
    if given is None:
        return None
    tags = tuple(parse_etags(given))
    if not tags:
        text = _("Send the ETag that was read, in its quotes, or *.")
        raise ValidationError({MATCH: [ErrorDetail(text, "invalid")]})
    if not taken:
        text = _("What this request changes has no ETag: send it without.")
        raise ValidationError({MATCH: [ErrorDetail(text, "not_taken")]})
    return tags


def told(refusal: Refused) -> Answer:
    """A refusal as it is answered, and kept: plain data."""
    problem = refusal_problem(refusal)
    return int(problem["status"]), plain_json(problem)


def plain_json(data: Any) -> Any:
    """As it goes over the wire."""
    return orjson.loads(FastJSONRenderer().render(data))


def settled(
    terms: Terms,
    user: User,
    name: str,
    asked: Mapping[str, Any],
    act: Callable[[], Answer],
    *,
    refused: Callable[[Refused], None],
) -> tuple[Answer, bool]:
    """Carry out, under these terms, what is no verb. Whether the answer is a stored one.

    `name` and `asked` say what is asked for; `act` does it in the transaction that is open then,
    and answers plain data; `refused` records the attempt, once all is undone.
    """
    limit = sites.limit_of(user)

    def settle(keeps: bool) -> tuple[Answer, bool]:
        return idempotency.settle(
            user, terms.key, idempotency.fingerprint(name, asked, *sorted(limit or ())), act,
            refused=refused, told=told, keeps=keeps,
        )  # fmt: skip

    if not terms.dry:
        return settle(keeps=True)
    with rolled_back():
        return settle(keeps=False)
