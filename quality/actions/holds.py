"""Place and lift holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import lock_containers, lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.models import Container, Location, Lot, Material
from quality.models import Hold
from quality.models.holds import NESTING, TARGETS

HoldField = Annotated[Hold, About(_("Hold"), _("Number of the hold."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """What to stop: one of lot, container, location or material."""

    reason: Annotated[str, About(_("Reason"), _("What is suspected."), multiline=True)]
    lot: Annotated[Lot | None, About(_("Lot"))] = None
    container: Annotated[Container | None, About(_("Container"))] = None
    location: Annotated[Location | None, About(_("Location"), _("With all that lies in it."))] = (
        None
    )
    material: Annotated[Material | None, About(_("Material"), _("All lots of it."))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """The hold to lift, and why."""

    hold: HoldField
    reason: Annotated[str, About(_("Reason"), _("What was found."), multiline=True)]


@transaction.atomic
def place_hold(*, lines: Sequence[NewHold], by: Actor, at: datetime) -> list[Hold]:
    """Stop lots, containers, locations or materials.

    Waits for a staging in flight on the same stock, then wins: what was staged shows as blocked
    at once. Refuses `hold_target` (not exactly one thing named), `reason_needed`.
    """
    for index, line in enumerate(lines):
        audit.require_reason(line.reason)
        if sum(getattr(line, target) is not None for target in TARGETS) != 1:
            raise Refused(
                _("Name one thing to stop: a lot, a container, a location or a material."),
                code="hold_target",
                field="lot",
                line=index,
                hint=_("Place one hold for each."),
            )
    lock_lots(Lot.objects.filter(_lots_under(lines)).distinct())
    lock_containers([line.container for line in lines if line.container])
    _lock_places(lines)
    stamp = audit.stamp(by, at, lines[0].reason)
    holds = Hold.objects.bulk_create(
        Hold(
            lot=line.lot,
            container=line.container,
            location=line.location,
            material=line.material,
            **{**stamp.columns(), "reason": line.reason.strip()},
        )
        for line in lines
    )
    for hold in holds:
        audit.record(
            "quality.place_hold",
            stamp=replace(stamp, reason=hold.reason),
            subject=hold.target,
            facts={"hold": hold.pk},
        )
    return holds


def _lots_under(lines: Sequence[NewHold]) -> Q:
    """The lots that stand under the holds now, by what each hold names."""
    lots = Q(pk__in={line.lot.pk for line in lines if line.lot})
    on_hand = Q(balances__quantity__gt=0)
    for line in lines:
        if line.container:
            inside = Q()
            for level in range(NESTING):
                inside |= Q(**{f"balances__container{'__parent' * level}": line.container})
            lots |= on_hand & inside
        if line.location:
            lots |= on_hand & Q(balances__location__path__startswith=line.location.path)
        if line.material:
            lots |= on_hand & Q(material=line.material)
    return lots


def _lock_places(lines: Sequence[NewHold]) -> None:
    """A staging locks the lane it goes to: lock the same rows, so that it and we take turns."""
    branches = Q(pk__in=[])
    for line in lines:
        if line.location:
            branches |= Q(path__startswith=line.location.path)
    if branches:
        list(Location.objects.filter(branches).locked().values_list("pk"))


@transaction.atomic
def lift_hold(*, lines: Sequence[Lift], by: Actor, at: datetime) -> list[Hold]:
    """Lift open holds. Refuses `hold_not_open`, `reason_needed`."""
    stamp = audit.stamp(by, at, lines[0].reason)
    rows = Hold.objects.filter(pk__in=[line.hold.pk for line in lines]).order_by("pk")
    locked = {hold.pk: hold for hold in rows.select_for_update(no_key=True)}
    lifted = []
    for index, line in enumerate(lines):
        hold = locked[line.hold.pk]
        if hold.lifted_at is not None:
            raise Refused(
                _("Hold %(hold)s has been lifted already."),
                code="hold_not_open",
                field="hold",
                line=index,
                hint=_("Look at the lot for the holds still open."),
                hold=hold.pk,
            )
        hold.lifted_at, hold.lifted_by = stamp.recorded_at, stamp.actor
        hold.lift_reason = audit.require_reason(line.reason)
        hold.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        audit.record(
            "quality.lift_hold",
            stamp=replace(stamp, reason=hold.lift_reason),
            subject=hold.target,
            facts={"hold": hold.pk},
        )
        lifted.append(hold)
    return lifted
