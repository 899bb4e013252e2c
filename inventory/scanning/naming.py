"""How things are found by what a GS1 code says of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.check_digits import gtin_forms
from inventory.errors import Refused
from inventory.models import Location, Lot, Material, Tracking
from inventory.scanning.scan import Scan
from inventory.wording import day_in_words

Key = tuple[str, ...]
"""What a code says of a thing of some kind; without any words, it says nothing of it."""


@dataclass(frozen=True, slots=True)
class ByScan:
    """`key` is what a code says, `rows` the things that several keys name, each beside its key,
    and `check` refuses a thing that the code contradicts."""

    key: Callable[[Scan], Key]
    rows: Callable[[Iterable[Key]], Iterable[tuple[Key, Any]]]
    check: Callable[[Scan, Any], None] = lambda scan, thing: None


def by_column(
    kind: type[models.Model], column: str, key: Callable[[Scan], str], *related: str
) -> ByScan:
    """Named by one column, which holds what the code says."""

    def rows(keys: Iterable[Key]) -> Iterator[tuple[Key, Any]]:
        wanted = {f"{column}__in": [words[0] for words in keys]}
        for row in kind._default_manager.filter(**wanted).select_related(*related):
            yield (getattr(row, column),), row

    return ByScan(lambda scan: _without_empty(key(scan)), rows)


def _without_empty(*words: str) -> Key:
    return words if words[0] else ()


def _materials(keys: Iterable[Key]) -> Iterator[tuple[Key, Material]]:
    forms = {form: key for key in keys for form in gtin_forms(key[0])}
    for material in Material.objects.filter(gtin__in=forms).select_related("base_unit"):
        yield forms[material.gtin], material


def _locations(keys: Iterable[Key]) -> Iterator[tuple[Key, Location]]:
    wanted = set(keys)
    for location in Location.objects.filter(gln__in={gln for gln, _extension in wanted}):
        if (key := (location.gln, location.gln_extension)) in wanted:
            yield key, location


def _lot_key(scan: Scan) -> Key:
    if not scan.gtin or not (scan.lot_number or scan.serial):
        return ()
    return (scan.gtin, scan.lot_number, scan.serial)


def _lots(keys: Iterable[Key]) -> Iterator[tuple[Key, Lot]]:
    """By our own number, or else by the supplier's: a plant may number anew what it receives."""
    wanted = list(keys)
    numbers = {number for _gtin, *both in wanted for number in both if number}
    gtins = {form for gtin, *_both in wanted for form in gtin_forms(gtin)}
    named = Q(number__in=numbers) | Q(supplier_lot__in=numbers)
    rows = list(Lot.objects.filter(named, material__gtin__in=gtins).select_related("material"))
    for key in wanted:
        of_material = [lot for lot in rows if lot.material.gtin in gtin_forms(key[0])]
        ours = [lot for lot in of_material if lot.number == _number(key, lot)]
        theirs = [lot for lot in of_material if lot.supplier_lot == _number(key, lot)]
        yield from ((key, lot) for lot in ours or theirs)


def _number(key: Key, lot: Lot) -> str:
    """The number that counts for this material: the lot's, or that of the single piece."""
    _gtin, number, serial = key
    by_serial = lot.material.tracking == Tracking.SERIAL
    return (serial or number) if by_serial else (number or serial)


def _check_expiry(scan: Scan, lot: Lot) -> None:
    """Refuses `label_differs`. A best-before date is no expiry, and contradicts none."""
    if not {"17", "7003"} & scan.elements.keys() or scan.expires_on is None:
        return
    if lot.expires_on and lot.expires_on != scan.expires_on:
        raise Refused(
            _("The label says %(label)s for its expiry, but lot %(lot)s expires on %(lot_day)s."),
            code="label_differs",
            hint=_("Do not use it. Have quality look at label and lot."),
            label=day_in_words(scan.expires_on),
            lot=lot,
            lot_day=day_in_words(lot.expires_on),
        )


LOT = ByScan(_lot_key, _lots, _check_expiry)
MATERIAL = ByScan(lambda scan: _without_empty(scan.gtin), _materials)
LOCATION = ByScan(lambda scan: _without_empty(scan.location_gln, scan.gln_extension), _locations)
