"""One family of refusals, said in the same words on every surface."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django_stubs_ext import StrPromise


class Refused(ValidationError):  # noqa: N818 - it is what happened, and reads so everywhere
    """An action that may not be done, and why.

    `code` is stable and part of the API. `field` names the parameter concerned, `line` its line
    (from 0) in a request of many, `hint` what to do instead, `facts` machine-readable particulars.
    `all` lists every refusal of the request, this one first.
    """

    def __init__(
        self,
        message: str | StrPromise,
        *,
        code: str,
        field: str | None = None,
        line: int | None = None,
        hint: str | StrPromise = "",
        facts: dict[str, Any] | None = None,
        **params: Any,
    ) -> None:
        super().__init__(message, code=code, params=params)
        self.field = field
        self.line = line
        self.hint = hint
        self.facts = facts or {}
        self.all: list[Refused] = [self]

    @property
    def text(self) -> str:
        """The message with its parameters filled in."""
        return str(self.messages[0])

    def plain(self, *, line: int | None = None, field: str | None = None) -> dict[str, Any]:
        """As data, for a document of errors. `line` and `field` say it in the request's terms."""
        return {
            "line": self.line if line is None else line,
            "field": field or self.field,
            "code": self.code,
            "detail": self.text,
            "hint": str(self.hint),
            "facts": self.facts,
        }


class RowsInvalidError(ValidationError):
    """What is wrong with some of the rows that were to be saved together, by their number."""

    def __init__(self, rows: Mapping[int, ValidationError], name: str = "") -> None:
        super().__init__(dict(_by_field(rows, name)))
        self.rows = rows

    def named(self, name: str, numbers: Sequence[int]) -> "RowsInvalidError":
        """By the fields of a request, such as `policies.3.warn_after`; `numbers` says which of its
        rows each was."""
        return RowsInvalidError({numbers[n]: wrong for n, wrong in self.rows.items()}, name)


def _by_field(
    rows: Mapping[int, ValidationError], name: str
) -> Iterator[tuple[str, list[ValidationError]]]:
    for number, wrong in rows.items():
        here = f"{name}.{number}" if name else str(number)
        if not hasattr(wrong, "error_dict"):
            yield here, wrong.error_list
            continue
        for field, errors in wrong.error_dict.items():
            yield here if field == NON_FIELD_ERRORS else f"{here}.{field}", errors


def row_of(name: str, field: str) -> tuple[int | None, str]:
    """Which row a field such as `policies.3.warn_after` is of, and what it is called there."""
    first, _dot, rest = field.partition(".")
    number, _dot, own = rest.partition(".")
    return (int(number), own) if first == name and number.isdecimal() else (None, field)


class Refusals:
    """Collects the refusals of many lines, so that the caller learns of all of them at once."""

    def __init__(self) -> None:
        self.found: list[Refused] = []

    def add(self, refusal: Refused, *, line: int | None = None) -> None:
        if refusal.line is None:
            refusal.line = line
        self.found.append(refusal)

    @contextmanager
    def of(self, line: int | None) -> Iterator[None]:
        """Collect the refusal that is raised inside; it is of that line."""
        try:
            yield
        except Refused as refusal:
            for found in refusal.all:
                self.add(found, line=line)

    def raise_any(self) -> None:
        """Raise the first refusal, carrying all of them. Nothing happens if there is none."""
        if self.found:
            first = self.found[0]
            first.all = list(self.found)
            raise first
