"""Master data: sites, locations, materials. Every change is kept, old value and new."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext_lazy as _

from inventory import audit, exposure, sites
from inventory.audit import Actor
from inventory.errors import Refused, RowsInvalidError
from inventory.models import (
    VIRTUAL_KINDS,
    Balance,
    Location,
    LocationKind,
    Lot,
    Material,
    Movement,
    Site,
    SsccSeries,
    ZoneChange,
)
from inventory.wording import inside, recorded

Row = TypeVar("Row", bound=models.Model)


@transaction.atomic
def save_master(row: Row, *, by: Actor, at: datetime, reason: str = "") -> Row:
    """Save a row of master data and record what changed. Nothing is recorded if nothing did.

    A new site gets its virtual locations; a location keeps the paths and conditions of its branch;
    lots are counted anew where the condition they are to be kept in changes, or the one of a place
    they have been at. Raises ValidationError as `full_clean` does, and refuses `location_in_use`,
    `location_loop`, `material_in_use`, `series_goes_back`, `site_not_in_scope`.
    """
    stamp = audit.stamp(by, at, reason)
    before = type(row)._default_manager.filter(pk=row.pk).first() if row.pk else None
    if before:
        sites.require_own(before, by.user)
    if isinstance(row, Material):
        _check_material(row, before)
    if isinstance(row, SsccSeries) and row.pk:
        _check_series(row)
    if isinstance(row, Location):
        _check_location(row, before)
        row.path = _path(row)
        row.routes, row.carriers = Location.listed(row.routes), Location.listed(row.carriers)
        row.zone = row.condition or (row.parent.zone if row.parent else "")
    row.full_clean()
    changes = audit.differences(before, row)
    if not changes:
        return row
    row.save()
    sites.require_own(row, by.user)
    if isinstance(row, Location) and isinstance(before, Location):
        _move_branch(before.path, row.path)
        _change_zones(before, row, stamp.recorded_at)
    if isinstance(row, Material) and isinstance(before, Material):
        _count_again(before, row)
    if isinstance(row, Site) and before is None:
        _add_counterparts(row)
    action = "master.change" if before else "master.create"
    audit.record(action, stamp=stamp, subject=row, changes=changes)
    return row


def save_rows(rows: Sequence[models.Model], *, by: Actor, at: datetime, reason: str) -> None:
    """Save rows that belong together. In a transaction.

    Raises RowsInvalidError with what is wrong with each of them.
    """
    wrong: dict[int, ValidationError] = {}
    for number, row in enumerate(rows):
        try:
            save_master(row, by=by, at=at, reason=reason)
        except ValidationError as error:
            wrong[number] = error
    if wrong:
        raise RowsInvalidError(wrong)


@transaction.atomic
def remove_master(row: models.Model, *, by: Actor, at: datetime, reason: str = "") -> None:
    """Remove a part of a row of master data, such as another unit; what it was is recorded.

    Raises ProtectedError when history refers to it.
    """
    was = {name: [new, None] for name, (_old, new) in audit.differences(None, row).items()}
    audit.record("master.remove", stamp=audit.stamp(by, at, reason), subject=row, changes=was)
    row.delete()


def _check_material(material: Material, before: models.Model | None) -> None:
    """What is on the books is counted in the base unit, and labels carry the material's code."""
    if not isinstance(before, Material) or not Lot.objects.filter(material=material).exists():
        return
    for column in ("code", "base_unit_id", "tracking"):
        if getattr(before, column) != getattr(material, column):
            raise Refused(
                _("%(material)s has lots: its code, base unit and tracking stay as they are."),
                code="material_in_use",
                field=column.removesuffix("_id"),
                hint=_("Make it inactive and set up a new material."),
                material=before,
            )


def _check_series(series: SsccSeries) -> None:
    now = SsccSeries.objects.select_for_update(no_key=True).get(pk=series.pk)
    if series.next_serial < now.next_serial:
        raise Refused(
            _("Numbers below %(next)s have been given out."),
            code="series_goes_back",
            field="next_serial",
            hint=_("Enter that number or a higher one."),
            next=now.next_serial,
        )


def _path(location: Location) -> str:
    return f"{location.parent.path if location.parent else ''}{location.code}/"


def _check_location(location: Location, before: models.Model | None) -> None:
    parent = location.parent
    if parent and isinstance(before, Location) and parent.path.startswith(before.path):
        raise Refused(
            _("%(location)s cannot lie within itself."),
            code="location_loop",
            field="parent",
            hint=_("Choose a location outside of it."),
            location=location,
        )
    if isinstance(before, Location) and before.kind != location.kind and _in_use(before):
        raise Refused(
            _("%(location)s has history as %(kind)s."),
            code="location_in_use",
            field="kind",
            hint=_("Close it and set up a new location."),
            location=location,
            kind=inside(LocationKind(before.kind).label),
        )


def _in_use(location: Location) -> bool:
    return (
        Balance.objects.filter(location=location).exists()
        or Movement.objects.filter(source=location).exists()
        or Movement.objects.filter(target=location).exists()
    )


def _move_branch(old: str, new: str) -> None:
    if old != new:
        Location.objects.filter(path__startswith=old).update(
            path=Concat(Value(new), Substr(F("path"), len(old) + 1))
        )


def _change_zones(before: Location, location: Location, at: datetime) -> None:
    """The condition of a branch has changed: that of each place which does not state its own."""
    if before.zone == location.zone:
        return
    was = {location.pk: before.zone}
    keeps = {location.pk: location.zone}
    for below in Location.objects.within(location).exclude(pk=location.pk).order_by("path"):
        zone = below.condition or keeps[below.parent_id or 0]
        keeps[below.pk] = zone
        if zone != below.zone:
            was[below.pk] = below.zone
            Location.objects.filter(pk=below.pk).update(zone=zone)
    ZoneChange.objects.bulk_create(
        ZoneChange(location_id=pk, was=zone, became=keeps[pk], at=at)
        for pk, zone in was.items()
        if zone
    )
    exposure.recount_passing(was)


def _count_again(before: Material, material: Material) -> None:
    columns = ("storage_condition", "out_of_storage_budget")
    if any(getattr(before, name) != getattr(material, name) for name in columns):
        exposure.recount(Q(material=material))


def _add_counterparts(site: Site) -> None:
    for kind in VIRTUAL_KINDS:
        code = f"{site.code}-{kind.upper()}"
        Location.objects.create(
            site=site, code=code, name=recorded(kind.label), kind=kind, path=f"{code}/"
        )
