"""How a verb's line describes its fields: one declaration for form, serializer and document."""

from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from django_stubs_ext import StrPromise

Words = str | StrPromise
"""Text, translated now or when it is shown."""


@dataclass(frozen=True, slots=True)
class About:
    """What a person needs to know of a field, put into its `Annotated` type.

    `max_length` bounds a text to what the record can hold, in characters. A person is asked for
    what is `asked`, though programs may leave it out; what is `hidden` is for programs and pages.
    """

    label: Words
    help: Words = ""
    multiline: bool = False
    secret: bool = False
    asked: bool = False
    hidden: bool = False
    max_length: int = 2000


@dataclass(frozen=True)
class LineField:
    """One field of a verb's line, as declared."""

    name: str
    type: type[Any]
    many: bool
    required: bool
    default: Any
    about: About

    @cached_property
    def is_nested(self) -> bool:
        """Whether its values are lines themselves."""
        return is_dataclass(self.type)


def line_fields(line: type) -> tuple[LineField, ...]:
    """The fields of a line, in the order in which they are scanned."""
    return _line_fields(line)


@cache
def _line_fields(line: type) -> tuple[LineField, ...]:
    hints = get_type_hints(line, include_extras=True)
    return tuple(_declared(field, hints[field.name]) for field in fields(line))


def _declared(field: Field[Any], hint: Any) -> LineField:
    annotated, *extras = get_args(hint)
    kind = _without_none(annotated)
    many = get_origin(kind) is tuple
    required = field.default is MISSING
    return LineField(
        name=field.name,
        type=get_args(kind)[0] if many else kind,
        many=many,
        required=required,
        default=None if required else field.default,
        about=next(extra for extra in extras if isinstance(extra, About)),
    )


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind
