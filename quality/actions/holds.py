"""Place and lift holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory import audit, outbox, preconditions
from inventory.actions.common import each, lock_containers, lock_lots
from inventory.actions.containers import with_nested
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.models import Container, Location, Lot, Material
from quality.models import Hold
from quality.models.holds import ROWS, TARGETS
from quality.reactions import AFTER_HOLD
from quality.records import described
from quality.signature import Signed, require_signature

HoldField = Annotated[Hold, About(_("Hold"), _("Number of the hold."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """What to stop: one of lot, container, location, material or supplier lot."""

    reason: Annotated[str, About(_("Reason"), _("What is suspected."), multiline=True)]
    lot: Annotated[Lot | None, About(_("Lot"))] = None
    container: Annotated[Container | None, About(_("Container"))] = None
    location: Annotated[Location | None, About(_("Location"), _("With all that lies in it."))] = (
        None
    )
    material: Annotated[Material | None, About(_("Material"), _("All lots of it."))] = None
    supplier_lot: Annotated[
        str,
        About(_("Supplier lot"), _("All that came under this number, and what will."),
              max_length=60),
    ] = ""  # fmt: skip


class Placed(list[Hold]):
    """The holds placed, and what people should know besides."""

    warnings: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class OfHold:
    """The hold to lift."""

    hold: HoldField


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift(Signed, OfHold):
    """The hold to lift, and what was found."""


@transaction.atomic
def place_hold(*, lines: Sequence[NewHold], by: Actor, at: datetime) -> Placed:
    """Stop lots, containers, locations, materials or supplier lots.

    Waits for a staging in flight on the same stock, then wins: what was staged shows as blocked
    at once and is asked for to be pulled, what was reserved is free again and its demand told;
    the warnings say so. Refuses `hold_target` (not exactly one thing named), `reason_needed`.
    """
    each(lines, lambda line, index: _check_target(line))
    lots = lock_lots((line.lot for line in lines if line.lot), also=_lots_under(lines) or None)
    lock_containers([line.container for line in lines if line.container])
    _lock_places(lines)
    stamp = audit.stamp(by, at, lines[0].reason)
    holds = Placed(
        Hold(
            **{target: _named(line, target) for target in TARGETS},
            **{**stamp.columns(), "reason": line.reason.strip()},
        )
        for line in lines
    )
    Hold.objects.bulk_create(holds)
    entries = [
        audit.Entry(subject=hold.subject, facts={"hold": hold.pk}, reason=hold.reason)
        for hold in holds
    ]
    audit.record_many("quality.place_hold", entries, stamp=stamp)
    holds.warnings = [words for react in AFTER_HOLD for words in react(holds, lots, stamp)]
    return holds


def _check_target(line: NewHold) -> None:
    audit.require_reason(line.reason)
    if sum(bool(_named(line, target)) for target in TARGETS) != 1:
        raise Refused(
            _("Name one thing to stop: a lot, container, location, material or supplier lot."),
            code="hold_target",
            field="lot",
            hint=_("Place one hold for each."),
        )


def _named(line: NewHold, target: str) -> Any:
    value = getattr(line, target)
    return value.strip() if isinstance(value, str) else value


def _lots_under(lines: Sequence[NewHold]) -> Q:
    """The lots that stand under the holds now, but for those that are named themselves."""
    lots, on_hand = Q(), Q(balances__quantity__gt=0)
    if containers := [line.container for line in lines if line.container]:
        lots |= on_hand & Q(balances__container__in=with_nested(containers))
    if branches := _branches(lines):
        lots |= on_hand & Q(balances__location__in=Location.objects.filter(branches))
    if materials := [line.material.pk for line in lines if line.material]:
        lots |= on_hand & Q(material__in=materials)
    if numbers := {line.supplier_lot.strip() for line in lines} - {""}:
        lots |= on_hand & Q(supplier_lot__in=numbers)
    return lots


def _branches(lines: Sequence[NewHold]) -> Q:
    """The named locations with all that lies in them; empty if none is named."""
    paths = [("path__startswith", line.location.path) for line in lines if line.location]
    return Q(*paths, _connector=Q.OR)


def _lock_places(lines: Sequence[NewHold]) -> None:
    """A staging locks the lane it goes to: lock the same rows, so that it and we take turns."""
    if branches := _branches(lines):
        list(Location.objects.filter(branches).locked().values_list("pk"))


@transaction.atomic
def lift_hold(*, lines: Sequence[Lift], by: Actor, at: datetime) -> list[Hold]:
    """Lift open holds, signed.

    Where a material stopped by it asks for a second signature, whoever placed the hold does not
    lift it. Refuses the signature codes, `hold_not_open`, `reason_needed`, `signer_placed_hold`.
    """
    signer = require_signature(by, lines)
    stamp = audit.stamp(by, at, lines[0].reason)
    rows = Hold.objects.filter(pk__in=[line.hold.pk for line in lines]).order_by("pk")
    rows = rows.select_related(*ROWS, "lot__material").select_for_update(no_key=True, of=("self",))
    locked = {hold.pk: hold for hold in rows}
    preconditions.locked(locked.values())
    guarded = _guarded([hold for hold in locked.values() if hold.actor_id == by.user.pk])

    def lift(line: Lift, index: int) -> Hold:
        hold = locked[line.hold.pk]
        if hold.lifted_at is not None:
            raise Refused(
                _("Hold %(hold)s has been lifted already."),
                code="hold_not_open",
                field="hold",
                hint=_("Look at the lot for the holds still open."),
                hold=hold.pk,
            )
        if hold.pk in guarded:
            raise Refused(
                _("You placed hold %(hold)s yourself."),
                code="signer_placed_hold",
                field="hold",
                hint=_("Somebody else must lift it: the material asks for two people."),
                hold=hold.pk,
            )
        hold.lifted_at, hold.lifted_by = stamp.recorded_at, stamp.actor
        hold.lift_reason = audit.require_reason(line.reason)
        return hold

    lifted = each(lines, lift)
    # An upsert sends each column once, as one array; a bulk update, a CASE of a thousand WHENs.
    Hold.objects.bulk_create(
        lifted,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["lifted_at", "lifted_by", "lift_reason"],
    )
    signatures = signer.sign(
        [
            ("hold", hold, described(hold), {}, line)
            for hold, line in zip(lifted, lines, strict=True)
        ],
        stamp,
    )
    entries = [
        audit.Entry(
            subject=hold.subject,
            facts={
                "hold": hold.pk, "meaning": signature.meaning,
                "signed_by": signature.printed_name, "sha256": signature.digest,
            },
            reason=hold.lift_reason,
        )
        for hold, signature in zip(lifted, signatures, strict=True)
    ]  # fmt: skip
    told = audit.record_many("quality.lift_hold", entries, stamp=stamp)
    outbox.add("hold.lifted", [entry.pk for entry in told])
    return lifted


def _guarded(own: Sequence[Hold]) -> set[int]:
    """Those of the signer's own holds that stop a material which asks for two people."""
    direct = {
        hold.pk
        for hold in own
        if (hold.material or (hold.lot and hold.lot.material)) is not None
        and (hold.material or hold.lot.material).second_signer  # type: ignore[union-attr]
    }
    around = [hold for hold in own if hold.container or hold.location or hold.supplier_lot]
    return direct | {hold.pk for hold in around if _holds_guarded(hold)}


def _holds_guarded(hold: Hold) -> bool:
    """Whether any such material stands in the container or the place, or came by that number."""
    line = NewHold(
        reason=hold.reason,
        container=hold.container,
        location=hold.location,
        supplier_lot=hold.supplier_lot,
    )
    return Lot.objects.filter(_lots_under([line]), material__second_signer=True).exists()
