"""Which message of a system is the newest about a demand, and what it comes to in our terms."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from django.db.models import Q, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from integration.external.naming import Names, unknown
from integration.inbound.lines import InboundLine, InboundNeed
from integration.models import InboundDemand
from integration.models.external import identifier_validator
from inventory.errors import Refused
from inventory.models import Location, Lot, Material
from inventory.models.places import code_validator
from inventory.units import plain, to_base
from staging.actions import Need
from staging.models import Demand

NOT_OF_CONTENT = {"source", "id", "version", "changed_at", "reason"}

Amounts = dict[tuple[Material, Lot | None], Decimal]
"""What is needed in all, by material and lot, in base units."""


def lock_records(lines: Sequence[InboundLine]) -> list[InboundDemand]:
    """The record of each line, locked: made where there is none, so that who comes second waits.

    Refuses `sent_twice`; raises ValidationError for a system or identifier that is none.
    """
    keys = [(line.source, line.id) for line in lines]
    _check_keys(keys)
    InboundDemand.objects.bulk_create(
        [InboundDemand(source=source, identifier=name) for source, name in sorted(set(keys))],
        ignore_conflicts=True,
    )
    rows = InboundDemand.objects.filter(
        source__in={source for source, _name in keys}, identifier__in={name for _s, name in keys}
    )
    locked = rows.order_by("pk").select_for_update(no_key=True, of=("self",))
    found = {(row.source, row.identifier): row for row in locked}
    return [found[key] for key in keys]


def _check_keys(keys: Sequence[tuple[str, str]]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, (source, name) in enumerate(keys):
        code_validator(source)
        identifier_validator(name)
        if (source, name) in seen:
            raise Refused(
                _("%(source)s:%(name)s stands there twice."),
                code="sent_twice",
                field="id",
                line=index,
                hint=_("Send its newest state only."),
                source=source,
                name=name,
            )
        seen.add((source, name))


def digest_of(line: InboundLine) -> str:
    """Tells whether two messages say the same."""
    content = {f.name: getattr(line, f.name) for f in fields(line) if f.name not in NOT_OF_CONTENT}
    options = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
    text = orjson.dumps(content, default=_spelled_one_way, option=options)
    return hashlib.sha256(text).hexdigest()


def _spelled_one_way(value: Any) -> str:
    """250 and 250.0 are the same, and so is a moment on two clocks."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return plain(value) if isinstance(value, Decimal) else str(value)


def is_repeat(line: InboundLine, record: InboundDemand, digest: str) -> bool:
    """Whether this very message has been taken before.

    Refuses `message_outdated` (a newer one has been), `version_reused` (another one of that
    version has been), `version_needed` (there is no telling), `version_out_of_range`.
    """
    if line.version is not None and line.version < 0:
        raise Refused(
            _("A version counts from 0 up."),
            code="version_out_of_range",
            field="version",
            hint=_("Send a whole number that grows with each change."),
        )
    name = "changed_at" if record.version is None else "version"
    known, said = getattr(record, name), getattr(line, name)
    if known is None or (name == "changed_at" and line.version is not None):
        return False
    if said is None:
        raise _version_needed(name)
    if said < known:
        raise _outdated(line, name, known)
    if said == known and digest != record.digest:
        raise _reused(line, name, said)
    return bool(said == known)


def _version_needed(name: str) -> Refused:
    return Refused(
        _("Messages about this demand say which is the newest, and this one does not."),
        code="version_needed",
        field=name,
        hint=_("Send it with `%s` as before.") % name,
    )


def _outdated(line: InboundLine, name: str, known: Any) -> Refused:
    return Refused(
        _("A newer message about %(source)s:%(id)s was there before."),
        code="message_outdated",
        field=name,
        hint=_("Nothing is to be done: what is newer stands."),
        facts={name: known if isinstance(known, int) else known.isoformat()},
        source=line.source,
        id=line.id,
    )


def _reused(line: InboundLine, name: str, said: Any) -> Refused:
    return Refused(
        _("Another message about %(source)s:%(id)s had %(said)s before."),
        code="version_reused",
        field=name,
        hint=_("Give every change a version of its own."),
        source=line.source,
        id=line.id,
        said=said,
    )


# --- in our terms -------------------------------------------------------------------------------


def look_up(lines: Sequence[InboundLine]) -> Names:
    """All that the messages name. The same statements, however many messages and lines."""
    names = Names()
    for line in lines:
        names.want(Location, line.source, line.work_center)
        names.want(Location, line.source, line.customer)
        names.want(Material, line.source, line.product)
        for need in line.requirements or ():
            names.want(Material, line.source, need.material)
    names.read()
    lots = Names()
    for line in lines:
        for need in line.requirements or ():
            for text in _lot_names(need, names.find(Material, line.source, need.material)):
                lots.want(Lot, line.source, text)
    lots.read()
    names.take_over(lots)
    materials = {
        id(found): found
        for line in lines
        for need in line.requirements or ()
        if isinstance(found := names.find(Material, line.source, need.material), Material)
    }
    prefetch_related_objects(list(materials.values()), "units")
    return names


def _lot_names(need: InboundNeed, material: Any) -> list[str]:
    """As it is written, and as a bare number of the material."""
    if not need.lot:
        return []
    return [need.lot, *([f"{material.code}/{need.lot}"] if isinstance(material, Material) else [])]


def read_needs(line: InboundLine, names: Names) -> tuple[Amounts, list[dict[str, Any]]]:
    """What the message needs in all, and its lines in our codes and base units.

    Refuses `line_twice`, `external_unknown` and the quantity codes; each names its line.
    """
    needed: Amounts = {}
    kept: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, need in enumerate(line.requirements or ()):
        try:
            (material, lot), quantity = _amount(line, need, names, seen)
        except Refused as refusal:
            refusal.field = f"requirements.{number}.{refusal.field}"
            raise
        if quantity:
            needed[material, lot] = needed.get((material, lot), Decimal(0)) + quantity
        kept.append(
            {"line": need.line, "material": material.code, "lot": lot.code if lot else None,
             "quantity": plain(quantity), "unit": material.base_unit_id}
        )  # fmt: skip
    return needed, kept


def _amount(
    line: InboundLine, need: InboundNeed, names: Names, seen: set[str]
) -> tuple[tuple[Material, Lot | None], Decimal]:
    if need.line in seen:
        raise Refused(
            _("Line %(name)s stands there twice."),
            code="line_twice",
            field="line",
            hint=_("Number the lines of a demand apart."),
            name=need.line,
        )
    seen.add(need.line)
    material = names.get(Material, line.source, need.material, "material")
    quantity = to_base(material, need.quantity, need.unit, zero=True)
    return (material, _lot(line, need, material, names)), quantity


def _lot(line: InboundLine, need: InboundNeed, material: Material, names: Names) -> Lot | None:
    for text in _lot_names(need, material):
        found = names.find(Lot, line.source, text)
        if isinstance(found, Lot) and found.material_id == material.pk:
            return found
    if need.lot:
        raise unknown(Lot, line.source, need.lot, "lot")
    return None


def needs_of(needed: Amounts) -> tuple[Need, ...]:
    return tuple(
        Need(material=material, quantity=quantity, lot=lot)
        for (material, lot), quantity in needed.items()
    )


def demands_of(lines: Sequence[InboundLine], records: Sequence[InboundDemand]) -> dict[int, Demand]:
    """The demand of each line, by its index: the known one, or that which has the reference."""
    keys = {record.demand_id for record in records if record.demand_id}
    references = {(line.reference or line.id).strip() for line in lines}
    rows = Demand.objects.filter(Q(pk__in=keys) | Q(reference__in=references))
    rows = rows.select_related("site", "work_center", "customer", "product")
    near = ("requirements__material__base_unit", "requirements__lot")
    found = {row.pk: row for row in rows.prefetch_related(*near)}
    named = {row.reference: row for row in found.values()}
    demands: dict[int, Demand] = {}
    for index, (line, record) in enumerate(zip(lines, records, strict=True)):
        known = found.get(record.demand_id or 0)
        if row := known or named.get((line.reference or line.id).strip()):
            demands[index] = row
    return demands
