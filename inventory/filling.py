"""What a label says for the other fields of the form, whichever it was scanned into."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import codes
from inventory.errors import Refused
from inventory.fields import LineField
from inventory.models import Container, Lot, Material, Tracking, Unit
from inventory.scanning import Scan, read
from inventory.units import plain, to_base
from inventory.verbs import Verb

ALSO: tuple[type[models.Model], ...] = (Container, Lot, Material)
"""Things that a label may name beside the one that is asked for. Not places: a form may ask for
several, and a label does not say which it is."""

OPTIONAL_TEXT = "reference"
"""A text that stays as it was scanned if the label says nothing for it."""

OWN_QUANTITY = frozenset({"adjust", "sample", "return_remainder"})
"""Verbs whose quantity somebody has counted or taken: the label's is another."""

DATES: Mapping[str, Callable[[Scan], Any]] = {
    "made_on": lambda scan: scan.made_on,
    "expires_on": lambda scan: scan.expires_on,
    "retest_on": lambda scan: scan.retest_on,
}


def fill(verb: Verb, name: str, text: str) -> dict[str, str]:
    """The values of the verb's fields that a text says which was scanned into the field `name`.

    That field is among them, in our own words. Nothing where the text is plain. Refuses what
    `codes.find_one` does, and `not_in_code`.
    """
    declared = {field.name: field for field in verb.fields}
    own, scan = declared[name], read(text)
    thing = codes.find_one(own.type, text) if codes.is_named(own.type) else None
    if scan.is_plain or (thing is None and scan.form == "ean"):
        return {}
    material = _material(thing, text)
    values = _texts(declared, scan, material) | _things(declared, own, text)
    if thing is not None:
        values[name] = codes.code_of(thing)
    elif name not in values and scan.is_sure and name != OPTIONAL_TEXT:
        raise _says_nothing(own)
    return values | _quantity(verb, declared, scan, material)


def _says_nothing(field: LineField) -> Refused:
    return Refused(
        _("This code says nothing for “%(wanted)s”."),
        code="not_in_code",
        hint=_("Look for another symbol on the label, or type it."),
        field=field.name,
        wanted=field.about.label,
    )


def _material(thing: Any, text: str) -> Material | None:
    if isinstance(thing, Lot):
        return thing.material
    if isinstance(thing, Material):
        return thing
    found = codes.find(Material, [text]).get(text)
    return found if isinstance(found, Material) else None


def _texts(
    declared: Mapping[str, LineField], scan: Scan, material: Material | None
) -> dict[str, str]:
    says: dict[str, Any] = {name: say(scan) for name, say in DATES.items()}
    says |= {
        "number": _number(scan, material),
        "sscc": scan.sscc,
        "reference": scan.reference,
    }
    return {name: str(said) for name, said in says.items() if said and name in declared}


def _number(scan: Scan, material: Material | None) -> str:
    """Of a piece the serial number, of anything else the lot's."""
    if material is not None and material.tracking == Tracking.SERIAL:
        return scan.serial or scan.lot_number
    return scan.lot_number or scan.serial


def _things(declared: Mapping[str, LineField], own: LineField, text: str) -> dict[str, str]:
    """Of two fields that may both be left out, one is meant to be: each stands for itself."""
    values = {}
    for field in declared.values():
        if field.type in ALSO and field is not own and (field.required or own.required):
            hit = codes.find(field.type, [text]).get(text)
            if isinstance(hit, field.type):
                values[field.name] = codes.code_of(hit)
    return values


def _quantity(
    verb: Verb, declared: Mapping[str, LineField], scan: Scan, material: Material | None
) -> dict[str, str]:
    """In the unit of the label where the form asks for one, else in the base unit. Nothing where
    the material is not counted in the label's unit."""
    if "quantity" not in declared or material is None or verb.name in OWN_QUANTITY:
        return {}
    if material.tracking == Tracking.SERIAL:
        return {"quantity": "1"}
    said = amount(scan, material) if scan.quantity else None
    if said is None:
        return {}
    quantity, unit = said
    if unit is None:
        return {"quantity": plain(quantity)}
    if "unit" in declared:
        return {"quantity": plain(quantity), "unit": unit.code}
    return {"quantity": plain(to_base(material, quantity, unit))}


def amount(scan: Scan, material: Material) -> tuple[Decimal, Unit | None] | None:
    """How much the label says there is, and in which other unit than the material's own.

    None where it says nothing, or counts in a unit that the material has not.
    """
    if scan.quantity is None:
        return None
    if scan.unit == material.base_unit_id:
        return scan.quantity, None
    other = material.units.filter(unit=scan.unit).select_related("unit").first()
    return (scan.quantity, other.unit) if other else None
