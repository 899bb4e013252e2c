"""From what was scanned or typed to the thing it names. One query for all codes of a kind."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.models import Container, Location, Lot, Material, Movement, Site, Unit
from inventory.scanning.naming import LOCATION, LOT, MATERIAL, ByScan, by_column
from inventory.scanning.reading import may_say_more, read
from inventory.scanning.scan import Scan
from inventory.statements import Select

MANY: Any = object()
"""Stands for a code that names more than one thing."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How things of a kind are named: by these columns, the first of which is unique, and by what
    a GS1 code says of them."""

    columns: tuple[str, ...]
    related: tuple[str, ...] = ()
    upper: bool = False
    by_scan: ByScan | None = None


_NAMINGS: dict[type[models.Model], Naming] = {
    Container: Naming(
        ("code", "sscc"),
        ("location",),
        by_scan=by_column(Container, "sscc", lambda scan: scan.sscc, "location"),
    ),
    Location: Naming(("code",), by_scan=LOCATION),
    Lot: Naming(("code", "number"), by_scan=LOT),
    Material: Naming(("code", "gtin"), ("base_unit",), by_scan=MATERIAL),
    Movement: Naming(("id",), ("lot", "source", "target")),
    Site: Naming(("code",)),
    Unit: Naming(("code",), upper=True),
}


def register(model: type[models.Model], naming: Naming) -> None:
    """Let another app's things be named by code."""
    _NAMINGS[model] = naming


Finder = Callable[[type[models.Model], Iterable[str]], dict[str, Any]]

_FINDERS: list[Finder] = []


def also(finder: Finder) -> None:
    """Let another app find what none of our own codes and no label names."""
    _FINDERS.append(finder)


def related(kind: type[models.Model]) -> tuple[str, ...]:
    """What is read along with things of a kind, because it is mostly looked at next."""
    return _NAMINGS[kind].related


def columns() -> dict[type[models.Model], tuple[str, ...]]:
    """The columns that name things, by kind. Not for movements, which have a number only."""
    return {kind: naming.columns for kind, naming in _NAMINGS.items() if naming.columns != ("id",)}


def code_of(thing: models.Model) -> str:
    """What names it, and nothing else."""
    return str(getattr(thing, _NAMINGS[type(thing)].columns[0]))


def is_named(kind: type[Any]) -> bool:
    return kind in _NAMINGS


def scannable() -> list[type[models.Model]]:
    """The kinds that a GS1 code can name."""
    return [kind for kind, naming in _NAMINGS.items() if naming.by_scan]


def find(kind: type[models.Model], codes: Iterable[str]) -> dict[str, Any]:
    """The thing that each code names; `MANY` where it names several; nothing where none.

    A code is one of our own, or anything that `scanning.read` understands. Our own come first: a
    number of ours may look like one of GS1's.
    """
    naming = _NAMINGS[kind]
    codes = [code for code in codes if code.strip()]
    scans = _scans(codes) if naming.by_scan else {}
    plain = [code for code in codes if code not in scans or not scans[code].is_sure]
    found = _find_plain(kind, naming, plain)
    if naming.by_scan and scans.keys() - found.keys():
        others = {code: scan for code, scan in scans.items() if code not in found}
        found |= _find_scanned(naming.by_scan, others)
    for finder in _FINDERS:
        if missing := [code for code in codes if code not in found]:
            found |= finder(kind, missing)
    return found


def _scans(codes: Iterable[str]) -> dict[str, Scan]:
    """Those of the texts that say more than a plain code does. What is wrong is nothing here."""
    read_well = {}
    for code in filter(may_say_more, codes):
        try:
            scan = read(code)
        except Refused:
            continue
        if not scan.is_plain or scan.text != code.strip():
            read_well[code] = scan
    return read_well


def _find_scanned(by_scan: ByScan, scans: dict[str, Scan]) -> dict[str, Any]:
    keys = {code: key for code, scan in scans.items() if (key := by_scan.key(scan))}
    if not keys:
        return {}
    named: dict[Any, Any] = {}
    for key, row in by_scan.rows(set(keys.values())):
        named[key] = MANY if key in named else row
    return {code: named[key] for code, key in keys.items() if key in named}


def _find_plain(kind: type[models.Model], naming: Naming, codes: Iterable[str]) -> dict[str, Any]:
    wanted = {code: _normal(code, naming) for code in codes}
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
    if code.startswith("]"):  # a symbology identifier before a code of our own
        code = code[3:]
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
    """One code out of what `find` found.

    Refuses `unknown_code`, `ambiguous_code`, what `scanning.read` refuses, `not_in_code` (a GS1
    code that says nothing of this kind) and `label_differs` (its expiry is not the lot's).
    """
    hit = found.get(code)
    name = kind._meta.verbose_name
    by_scan = _NAMINGS[kind].by_scan
    if by_scan and may_say_more(code):
        scan = read(code)
        if hit is None and scan.is_sure:
            raise _not_found(by_scan, scan, str(name))
        if hit is not None and hit is not MANY and not scan.is_plain:
            by_scan.check(scan, hit)
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


def _not_found(by_scan: ByScan, scan: Scan, name: str) -> Refused:
    """Why a GS1 code leads to nothing: it says nothing of the kind, or names what is not there."""
    said = ", ".join(word for word in by_scan.key(scan) if word)
    if not said:
        return Refused(
            _("This code names no %(name)s."),
            code="not_in_code",
            hint=_("Scan the label of the %(name)s.") % {"name": name},
            name=name,
        )
    return Refused(
        _("There is no %(name)s “%(value)s”."),
        code="unknown_code",
        hint=_("Check that the number of the label (GTIN, GLN) is in the master data."),
        name=name,
        value=said,
    )


def find_one(kind: type[models.Model], code: str) -> Any:
    """The thing that one code names. Refuses `unknown_code` and `ambiguous_code`."""
    return resolve(kind, code, find(kind, [code]))
