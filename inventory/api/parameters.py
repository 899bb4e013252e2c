"""Headers and parameters that many operations have, as OpenAPI describes them."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from inventory.api import terms

RETRY_AFTER = {"schema": {"type": "integer"}, "description": "In seconds."}
AGAIN_LATER = (409, 429, 503)
"""Statuses of which some answers say when to try again."""

DONE = [200, 201, 207]


def _said(name: str, schema: Any, description: str, on: list[int]) -> OpenApiParameter:
    return OpenApiParameter(
        name, schema, OpenApiParameter.HEADER, description=description, response=on
    )


SENT = [
    OpenApiParameter(
        terms.KEY,
        {"type": "string", "minLength": 1, "maxLength": terms.LONGEST_KEY, "pattern": "^[ -~]+$"},
        OpenApiParameter.HEADER,
        description="A text of your own for this request, plain or as a string in quotes. The "
        "same request sent again under it has no second effect, and gets the first answer, "
        "refusals included. Answers are kept for 30 days, unless the installation says otherwise.",
    ),
    OpenApiParameter(
        terms.DRY_RUN,
        {"type": "boolean", "default": False},
        description="Answer as if it were done, and leave nothing. Numbers of records made are "
        "provisional.",
    ),
    _said(
        terms.REPLAYED, {"const": "true"}, "This is the stored answer to an earlier request.", DONE
    ),
    _said(
        terms.REHEARSED, {"const": "true"}, "Nothing was done: it was asked for a dry run.", DONE
    ),
]
"""Of what is sent under a key."""

KEY = SENT[0]

MATCH = OpenApiParameter(
    terms.MATCH,
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="The ETag with which the one thing that this changes was read, without `fields` "
    "and `expand`; or `*`. Only with one line, and without `partial`.",
)

DEPRECATED = [
    _said("Deprecation", {"type": "string"}, "Since when, as RFC 9745 has it.", DONE),
    _said("Sunset", {"type": "string"}, "Until when it works (RFC 8594).", DONE),
]


def selecting(name: str, known: list[str]) -> OpenApiParameter:
    """`fields` or `expand`: some of the known names, with commas between them."""
    about = {
        "fields": "Show these fields only.",
        "expand": "Show the whole thing in the place of its code.",
    }
    return OpenApiParameter(
        name,
        {"type": "array", "items": {"type": "string", "enum": known}, "minItems": 1},
        explode=False,
        style="form",
        description=about[name],
    )
