"""From what was scanned or typed to the thing it names. One query for all codes of a kind."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.models import Container, Location, Lot, Material, Movement, Site, Unit
from inventory.statements import Select

MANY: Any = object()
"""Stands for a code that names more than one thing."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How things of a kind are named: by these columns, the first of which is unique."""

    columns: tuple[str, ...]
    related: tuple[str, ...] = ()
    upper: bool = False


_NAMINGS: dict[type[models.Model], Naming] = {
    Container: Naming(("code", "sscc"), ("location",)),
    Location: Naming(("code",)),
    Lot: Naming(("code", "number")),
    Material: Naming(("code", "gtin"), ("base_unit",)),
    Movement: Naming(("id",), ("lot", "source", "target")),
    Site: Naming(("code",)),
    Unit: Naming(("code",), upper=True),
}


def register(model: type[models.Model], naming: Naming) -> None:
    """Let another app's things be named by code."""
    _NAMINGS[model] = naming


def columns() -> dict[type[models.Model], tuple[str, ...]]:
    """The columns that name things, by kind. Not for movements, which have a number only."""
    return {kind: naming.columns for kind, naming in _NAMINGS.items() if naming.columns != ("id",)}


def is_named(kind: type[Any]) -> bool:
    return kind in _NAMINGS


def find(kind: type[models.Model], codes: Iterable[str]) -> dict[str, Any]:
    """The thing that each code names; `MANY` where it names several; nothing where none."""
    naming = _NAMINGS[kind]
    wanted = {code: _normal(code, naming) for code in codes if code.strip()}
    if not wanted:
        return {}
    by_column: list[dict[str, Any]] = [{} for _column in naming.columns]
    for row in _rows(kind, naming, set(wanted.values())):
        for known, column in zip(by_column, naming.columns, strict=True):
            value = str(getattr(row, column))
            known[value] = MANY if value in known else row
    found = {}
    for code, normal in wanted.items():
        hit = next((known[normal] for known in by_column if normal in known), None)
        if hit is not None:
            found[code] = hit
    return found


def _normal(code: str, naming: Naming) -> str:
    code = code.strip()
    return code.upper() if naming.upper else code


def _rows(kind: type[models.Model], naming: Naming, codes: set[str]) -> list[models.Model]:
    given = {column: _values(column, codes) for column in naming.columns}
    return _statement(kind)(**given)


def _values(column: str, codes: set[str]) -> list[Any]:
    if column != "id":
        return list(codes)
    return [int(code) for code in codes if code.isdecimal() and len(code) < 19]


@cache
def _statement(kind: type[models.Model]) -> Select[Any]:
    """The things that a column of theirs names. A union: each column has its own index."""
    naming = _NAMINGS[kind]

    def build() -> models.QuerySet[Any]:
        first, *others = [
            kind._default_manager.filter(**{f"{column}__among": column}).order_by().values("pk")
            for column in naming.columns
        ]
        wanted = first.union(*others) if others else first
        rows = kind._default_manager.filter(pk__in=wanted).order_by()
        return rows.select_related(*naming.related)

    return Select(build)


def resolve(kind: type[models.Model], code: str, found: dict[str, Any]) -> Any:
    """One code out of what `find` found. Refuses `unknown_code` and `ambiguous_code`."""
    hit = found.get(code)
    name = kind._meta.verbose_name
    if hit is None:
        raise Refused(
            _("There is no %(name)s “%(value)s”."),
            code="unknown_code",
            hint=_("Scan it again, or check the number."),
            name=name,
            value=code,
        )
    if hit is MANY:
        raise Refused(
            _("“%(value)s” names more than one %(name)s."),
            code="ambiguous_code",
            hint=_("Scan the full code, with the material in front of it."),
            name=name,
            value=code,
        )
    return hit


def find_one(kind: type[models.Model], code: str) -> Any:
    """The thing that one code names. Refuses `unknown_code` and `ambiguous_code`."""
    return resolve(kind, code, find(kind, [code]))
