"""Put things: make or change them through their own actions, and keep what they are called."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from integration.external.lines import PutLocation, PutLot, PutMaterial
from integration.external.naming import KINDS, Names
from integration.models import ExternalId
from inventory import actions as stock
from inventory import codes, preconditions
from inventory.actions.common import each
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Location, Lot, Material

NOT_COLUMNS = {"source", "id", "code", "parent"}

Put = PutMaterial | PutLocation | PutLot


@transaction.atomic
def put_material(*, lines: Sequence[PutMaterial], by: Actor, at: datetime) -> list[Material]:
    """Make or change materials under the identifiers of another system.

    A code that is known is that material. Nothing is recorded if nothing changes. Refuses
    `external_id_taken`, `material_in_use`; raises ValidationError as the admin does.
    """
    names = _names(Material, lines)
    locked = _locked(Material, lines, names)
    return each(lines, lambda line, index: _put_master(Material, line, names, locked, {}, by, at))


@transaction.atomic
def put_location(*, lines: Sequence[PutLocation], by: Actor, at: datetime) -> list[Location]:
    """Make or change locations under the identifiers of another system.

    A code that is known is that location. Refuses `external_id_taken`, `external_unknown`,
    `location_in_use`, `location_loop`; raises ValidationError as the admin does.
    """
    names = _names(Location, lines)
    for line in lines:
        names.want(Location, line.source, line.parent)
    names.read()
    locked = _locked(Location, lines, names)

    def put(line: PutLocation, index: int) -> Location:
        parent = names.get(Location, line.source, line.parent, "parent")
        more = {"parent": parent} if parent else {}
        location: Location = _put_master(Location, line, names, locked, more, by, at)
        return location

    return each(lines, put)


@transaction.atomic
def put_lot(*, lines: Sequence[PutLot], by: Actor, at: datetime) -> list[Lot]:
    """Announce lots under the identifiers of another system. Receiving them is another matter.

    Refuses `external_id_taken`, `external_unknown`, `other_material`, and as
    `inventory.actions.announce` does.
    """
    names = Names()
    for line in lines:
        names.want(Material, line.source, line.material)
        names.want(Lot, line.source, line.id)
    names.read()
    said = each(lines, lambda line, index: _announcement(line, names))
    lots = stock.announce(lines=said, by=by, at=at)
    for line, lot in zip(lines, lots, strict=True):
        _name(lot, line, names.known(Lot, line.source, line.id), by, at)
    return lots


def _announcement(line: PutLot, names: Names) -> stock.Announcement:
    material = names.get(Material, line.source, line.material, "material")
    known = names.known(Lot, line.source, line.id)
    number = line.number or (known.number if known else line.id)
    if known and (known.material_id, known.number) != (material.pk, number):
        raise Refused(
            _("%(source)s:%(id)s is %(thing)s already."),
            code="external_id_taken",
            field="id",
            hint=_("Send another identifier, or have the old one moved in the admin."),
            source=line.source,
            id=line.id,
            thing=known,
        )
    given = {"supplier_lot": line.supplier_lot or ""}
    return stock.Announcement(
        material=material, number=number, made_on=line.made_on, expires_on=line.expires_on, **given
    )


def _names(kind: type[models.Model], lines: Sequence[Any]) -> Names:
    names = Names()
    for line in lines:
        names.want(kind, line.source, line.id)
        names.want(kind, line.source, line.code)
    names.read()
    return names


def _there(kind: type[models.Model], line: Any, names: Names) -> Any:
    """The thing that a line is about, if it is known by the system's name or by its code."""
    return names.known(kind, line.source, line.id) or names.own(kind, line.code or line.id)


def _locked(kind: Any, lines: Sequence[Any], names: Names) -> dict[Any, Any]:
    """The things that are there already, as they are while nobody else puts them."""
    found = [_there(kind, line, names) for line in lines]
    rows = kind.objects.filter(pk__in=[thing.pk for thing in found if thing]).order_by("pk")
    rows = rows.select_related(*codes.related(kind)).select_for_update(no_key=True, of=("self",))
    locked = {row.pk: row for row in rows}
    preconditions.locked(locked.values())
    return locked


def _put_master(
    kind: Callable[..., Any], line: Any, names: Names, locked: dict[Any, Any],
    more: dict[str, Any], by: Actor, at: datetime,
) -> Any:  # fmt: skip
    model: Any = kind
    known = names.known(model, line.source, line.id)
    there = _there(model, line, names)
    row = locked[there.pk] if there else kind(code=line.code or line.id)
    if known and line.code:
        row.code = line.code
    given = {field.name: getattr(line, field.name) for field in fields(line)}
    for name, value in (given | more).items():
        if value is not None and (name in more or name not in NOT_COLUMNS):
            setattr(row, name, value)
    stock.save_master(row, by=by, at=at)
    _name(row, line, known, by, at)
    return row


def _name(thing: Any, line: Put, known: Any, by: Actor, at: datetime) -> None:
    """Keep that the system calls it so, unless that is known."""
    thing.told = {"created": known is None}
    if known is not None:
        return
    column = KINDS[type(thing)]
    row = ExternalId(source=line.source, kind=column, identifier=line.id, **{column: thing})
    other = ExternalId.objects.filter(source=line.source, **{column: thing}).first()
    if other is None:
        stock.save_master(row, by=by, at=at)
    elif other.identifier != line.id:
        raise taken(other, thing)
    else:  # somebody was first, between our looking for the identifier and for the code
        thing.told = {"created": False}


def taken(other: ExternalId, thing: models.Model) -> Refused:
    return Refused(
        _("%(thing)s is %(identifier)s there already."),
        code="external_id_taken",
        field="id",
        hint=_("Send that identifier, or have it changed in the admin."),
        facts={"identifier": other.identifier},
        thing=thing,
        identifier=other,
    )
