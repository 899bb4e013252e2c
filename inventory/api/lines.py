"""A verb's line as a serializer, built from the line's own declaration, and back."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, cast

from django.db import models
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from inventory import codes
from inventory.api.fields import (
    UNKNOWN_FIELD,
    ChoiceIn,
    ClockTimeIn,
    CodeIn,
    DateIn,
    DateTimeIn,
    DecimalIn,
    DurationIn,
    WholeIn,
)
from inventory.api.problems import Details, Invalid, details
from inventory.errors import Refused
from inventory.fields import LineField, line_fields
from inventory.partial import Unread

MOST_LINES = 1000
MOST_PARTS = 1000
"""How many nested lines or texts one field may hold."""

Found = dict[type[models.Model], dict[str, Any]]


class LineSerializer(serializers.Serializer[Any]):
    """One line of a verb. `line` is the dataclass that the action takes."""

    line: type[Any]

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Looks at the fields that are there only, which for a thousand lines took a third of the
        time of looking at all."""
        if not isinstance(data, Mapping):
            data = super().to_internal_value(data)  # which refuses it
        read: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, given in data.items():
            field = self.fields.get(name)
            try:
                if field is None:
                    raise ValidationError(str(UNKNOWN_FIELD), "unknown_field")
                read[name] = field.run_validation(given)
            except ValidationError as error:
                errors[name] = error.detail
        for name in self._required - data.keys():
            text = self.fields[name].error_messages["required"]
            errors[name] = [ErrorDetail(str(text), "required")]
        if errors:
            in_order = (*self.fields, *data)
            raise ValidationError({name: errors[name] for name in in_order if name in errors})
        return read

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(name for name, field in self.fields.items() if field.required)


@cache
def line_serializer(line: type) -> type[LineSerializer]:
    """The serializer of a line, with the line's own fields."""
    name = f"{line.__name__.removesuffix('Line')}Line"
    body = {"line": line, "__doc__": line.__doc__, "__module__": line.__module__}
    return type(name, (LineSerializer,), body | {f.name: _field(f) for f in line_fields(line)})


@cache
def _reader(line: type) -> LineSerializer:
    """The one serializer that reads all lines of a kind: it keeps nothing of what it read."""
    return line_serializer(line)()


def _field(declared: LineField) -> serializers.Field[Any, Any, Any, Any]:
    options: dict[str, Any] = {
        "required": declared.required,
        "label": declared.about.label,
        "help_text": declared.about.help,
    }
    if not declared.required and declared.default is None:
        options["allow_null"] = True
    if not declared.many:
        return _one(declared, options)
    if declared.is_nested:
        nested: Any = line_serializer(cast("type", declared.type))
        return nested(many=True, max_length=MOST_PARTS, **options)  # type: ignore[no-any-return]
    return serializers.ListField(child=_one(declared, {}), max_length=MOST_PARTS, **options)


PLAIN: dict[type[Any], type[serializers.Field[Any, Any, Any, Any]]] = {
    bool: serializers.BooleanField,
    int: WholeIn,
    Decimal: DecimalIn,
    date: DateIn,
    datetime: DateTimeIn,
    time: ClockTimeIn,
    timedelta: DurationIn,
}


def _one(declared: LineField, options: dict[str, Any]) -> serializers.Field[Any, Any, Any, Any]:
    kind = declared.type
    if codes.is_named(kind):
        return CodeIn(kind=kind, **options)
    if kind in PLAIN:
        return PLAIN[kind](**options)
    if issubclass(kind, models.TextChoices):
        return ChoiceIn(choices=kind, **options)
    if kind is not str:
        raise TypeError(f"No field of the API carries a {kind.__name__}.")
    secret = declared.about.secret
    return serializers.CharField(
        max_length=declared.about.max_length,
        allow_blank=not options.get("required", True),
        trim_whitespace=not secret,
        write_only=secret,
        **options,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for. Where `partial`, a line may be `Unread`."""

    lines: list[Any]
    at: datetime | None
    partial: bool


def read_lines(line: type, data: Any) -> Asked:
    """The lines of a request, when it is said to have happened, and whether a part may be done.

    Takes one line, or `lines` (1 to 1000) and perhaps `at` and `partial`. Raises `Invalid` with
    every error found, among them `unknown_code` and `ambiguous_code`; where a part may be done,
    the errors of a line stay with the line.
    """
    many, at, partial = _opened(data)
    serializer = _reader(line)
    errors: dict[int, Details] = {index: [] for index in range(len(many))}
    values = {}
    for index, given in enumerate(many):
        try:
            values[index] = serializer.run_validation(given)
        except ValidationError as error:
            errors[index] += details(error.detail, line=index)
    _raise_any(errors, partial)
    found = _look_up(line, values.values())
    built = {n: _build(line, value, found, n, errors[n]) for n, value in values.items()}
    _raise_any(errors, partial)
    return Asked([Unread(errors[n]) if errors[n] else built[n] for n in errors], at, partial)


def _raise_any(errors: dict[int, Details], partial: bool) -> None:
    found = [error for of_line in errors.values() for error in of_line]
    if found and not partial:
        raise Invalid(found)


def _opened(data: Any) -> tuple[list[Any], datetime | None, bool]:
    """The raw lines of a body, its `at` and its `partial`."""
    if not isinstance(data, Mapping):
        raise _invalid("not_an_object", _("Send one line as an object, or “lines”."))
    if "lines" not in data:
        return [data], None, False
    lines, partial = data["lines"], data.get("partial", False)
    if not isinstance(lines, list):
        raise _invalid("not_a_list", _("“lines” is a list of lines."), "lines")
    if not lines:
        raise _invalid("empty", _("Send at least one line."), "lines")
    if len(lines) > MOST_LINES:
        text = _("Send at most %(most)s lines at once.") % {"most": MOST_LINES}
        raise _invalid("too_many_lines", text, "lines")
    if unknown := sorted(set(data) - {"lines", "at", "partial"}):
        raise _invalid("unknown_field", str(UNKNOWN_FIELD), unknown[0])
    if not isinstance(partial, bool):
        raise _invalid("invalid", _("“partial” is true or false."), "partial")
    return lines, _moment(data.get("at")), partial


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment: datetime = DateTimeIn().run_validation(value)
    except ValidationError as error:
        raise Invalid(list(details({"at": error.detail}))) from error
    return moment


def _invalid(code: str, text: str, field: str = "") -> Invalid:
    return Invalid(list(details({field or "lines": [ErrorDetail(text, code)]})))


def _look_up(line: type[Any], values: Iterable[dict[str, Any]]) -> Found:
    """What the codes of all lines name: one query for each kind of thing."""
    wanted: dict[type[models.Model], set[str]] = defaultdict(set)
    for value in values:
        for kind, code in _codes(line, value):
            wanted[kind].add(code)
    return {kind: codes.find(kind, given) for kind, given in wanted.items()}


def _codes(line: type, value: dict[str, Any]) -> Iterator[tuple[type[models.Model], str]]:
    for declared in line_fields(line):
        given = value.get(declared.name)
        if given is None:
            continue
        if declared.is_nested:
            for part in given:
                yield from _codes(declared.type, part)
        elif codes.is_named(declared.type):
            yield declared.type, given


def _build(
    line: type,
    value: dict[str, Any],
    found: Found,
    index: int,
    errors: Details,
    path: tuple[str, ...] = (),
) -> Any:
    """The line as its action takes it. What cannot be found is added to `errors`."""
    built: dict[str, Any] = {}
    for declared in line_fields(line):
        if declared.name not in value:
            continue
        given, here = value[declared.name], (*path, declared.name)
        if declared.is_nested:
            given = tuple(
                _build(declared.type, part, found, index, errors, (*here, str(number)))
                for number, part in enumerate(given)
            )
        elif declared.many:
            given = tuple(given)
        elif given is not None and codes.is_named(declared.type):
            try:
                given = codes.resolve(declared.type, given, found[declared.type])
            except Refused as refusal:
                errors.append(refusal.plain(field=".".join(here), line=index))
        built[declared.name] = given
    return line(**built)
