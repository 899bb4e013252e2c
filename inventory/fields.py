"""How a verb's line describes its fields: one declaration for form, serializer and document."""

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from django_stubs_ext import StrPromise

Words = str | StrPromise
"""Text, translated now or when it is shown."""


@dataclass(frozen=True, slots=True)
class About:
    """What a person needs to know of a field, put into its `Annotated` type.

    `max_length` bounds a text to what the record can hold, in characters.
    """

    label: Words
    help: Words = ""
    multiline: bool = False
    secret: bool = False
    max_length: int = 2000


@dataclass(frozen=True, slots=True)
class LineField:
    """One field of a verb's line, as declared."""

    name: str
    type: type[Any]
    many: bool
    required: bool
    default: Any
    about: About


def line_fields(line: type[Any]) -> Iterator[LineField]:
    """The fields of a line, in the order in which they are scanned."""
    hints = get_type_hints(line, include_extras=True)
    for declared in fields(line):
        annotated, *extras = get_args(hints[declared.name])
        about = next(extra for extra in extras if isinstance(extra, About))
        kind = _without_none(annotated)
        many = get_origin(kind) is tuple
        required = declared.default is MISSING
        yield LineField(
            name=declared.name,
            type=get_args(kind)[0] if many else kind,
            many=many,
            required=required,
            default=None if required else declared.default,
            about=about,
        )


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind
