"""Signed decisions on lots: release, restrict, reject, reopen, close."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Self, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit, preconditions
from inventory.actions.common import each, lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.models import Balance, Lot, LotStatus
from inventory.wording import inside
from quality.actions.deciding import (
    Decided,
    Order,
    overtake_proposals,
    propose,
    put_into_effect,
)
from quality.actions.due import against_release, check_due
from quality.gate import EXPIRED, RETEST_DUE
from quality.models import DecisionKind, DueInspection, Inspection, Outcome, Proposal, RestrictedUse
from quality.seen import (
    Sight,
    changed_since,
    counting_inspections,
    families_of,
    in_words,
    look_at,
    version_of,
)
from quality.signature import Reviewed, Signed, require_review, require_signature

LotField = Annotated[Lot, About(_("Lot"), _("Scan the lot label."))]


@dataclass(frozen=True, kw_only=True)
class OfLot:
    """A lot to be decided on, as it was seen."""

    lot: LotField
    expected: Annotated[
        str,
        About(
            _("Version seen"),
            _("The lot's `version`: what has changed since is refused."),
            hidden=True,
            max_length=80,
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Reviewed, OfLot):
    """A lot to be released for use."""

    retest_on: Annotated[
        date | None, About(_("Next retest on"), _("Only if the lot was retested."))
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction(Reviewed, OfLot):
    """A lot to be released for named demands only."""

    references: Annotated[
        tuple[str, ...],
        About(
            _("For the demands"),
            _("References, separated by commas. Empty: those that the lot is restricted to now."),
            max_length=80,
        ),
    ] = ()
    until: Annotated[date | None, About(_("Until"), _("Empty: until it is decided again."))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection(Signed, OfLot):
    """A lot that may not be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening(Signed, OfLot):
    """A decided lot that goes back to quarantine, to be decided again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing(Signed, OfLot):
    """A used-up lot that is closed for good."""


AnyDecision = Release | Restriction | Rejection | Reopening | Closing
D = TypeVar("D", Release, Restriction, Rejection, Reopening, Closing)

MAY_FOLLOW: dict[DecisionKind, tuple[LotStatus, ...]] = {
    DecisionKind.RELEASE: (LotStatus.QUARANTINE, LotStatus.RESTRICTED, LotStatus.RELEASED),
    DecisionKind.RESTRICT: (LotStatus.QUARANTINE, LotStatus.RELEASED, LotStatus.RESTRICTED),
    DecisionKind.REJECT: (LotStatus.QUARANTINE, LotStatus.RELEASED, LotStatus.RESTRICTED),
    DecisionKind.REOPEN: (LotStatus.RELEASED, LotStatus.RESTRICTED, LotStatus.REJECTED),
    DecisionKind.CLOSE: tuple(status for status in LotStatus if status != LotStatus.CLOSED),
}


def release(*, lines: Sequence[Release], by: Actor, at: datetime) -> Decided:
    """Release lots for use; where the material asks for a second signature, propose it.

    Refuses the signature codes, `reason_needed`, `review_needed`, `lot_changed`, `wrong_status`,
    `signer_recorded_result`, `signer_placed_hold`, `inspection_due`, `disposition_needed`,
    `inspection_failed`, `lot_expired`, `lot_retest_due`.
    """
    return _decide(DecisionKind.RELEASE, lines, by, at, check=_check_release)


def restrict(*, lines: Sequence[Restriction], by: Actor, at: datetime) -> Decided:
    """Release lots for named demands, until a date if one is given. Without demands, those stay
    that a restricted lot is for: so one signature gives many restrictions a new end.

    Refuses what `release` does, `references_needed` and `until_passed`; a failed inspection does
    not stand in the way, because the restriction is the disposition.
    """
    return _decide(DecisionKind.RESTRICT, lines, by, at, check=_check_restrict)


def reject(*, lines: Sequence[Rejection], by: Actor, at: datetime) -> Decided:
    """Bar lots from use.

    Refuses the signature codes, `reason_needed`, `lot_changed`, `wrong_status`.
    """
    return _decide(DecisionKind.REJECT, lines, by, at)


def reopen(*, lines: Sequence[Reopening], by: Actor, at: datetime) -> Decided:
    """Put lots back into quarantine.

    Refuses the signature codes, `reason_needed`, `lot_changed`, `wrong_status`.
    """
    return _decide(DecisionKind.REOPEN, lines, by, at)


def close_lot(*, lines: Sequence[Closing], by: Actor, at: datetime) -> Decided:
    """Close lots for good.

    Refuses the signature codes, `reason_needed`, `lot_changed`, `wrong_status`, `still_on_hand`.
    """
    return _decide(DecisionKind.CLOSE, lines, by, at, check=_check_close)


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands for or against a decision on the (locked) lots, read for all of them at once.

    `inspections` are those that count for a lot; `due` those that stand against its release;
    `sights` what a signer sees of each; `on_hand` the lots of which there is stock; `named`
    the demands that lots to be restricted are restricted to already.
    """

    by: Actor
    inspections: dict[int, list[Inspection]]
    due: dict[int, list[DueInspection]]
    sights: dict[int, Sight]
    on_hand: set[int]
    named: dict[int, tuple[str, ...]]

    def references(self, line: Any) -> tuple[str, ...]:
        """The demands that a restriction is for: those it names, or those there are."""
        asked = tuple(getattr(line, "references", ()))
        return asked if any(map(str.strip, asked)) else self.named.get(line.lot.pk, ())

    def stoppers(self, lot: Lot) -> set[int]:
        """Who has placed the open holds on the lot and its material."""
        return {actor for _hold, _reason, actor in self.sights[lot.pk]["holds"]}

    @classmethod
    def read(cls, kind: DecisionKind, lots: dict[int, Lot], by: Actor) -> Self:
        families = families_of(lots)
        counting = counting_inspections(families)
        standing = Balance.objects.filter(lot__in=lots, quantity__gt=0)
        return cls(
            by=by,
            inspections=counting,
            due=against_release(lots, families) if kind == DecisionKind.RELEASE else {},
            sights=look_at(lots, counting),
            on_hand=set(standing.values_list("lot", flat=True))
            if kind == DecisionKind.CLOSE
            else set(),
            named=_named(lots) if kind == DecisionKind.RESTRICT else {},
        )


def _named(lots: dict[int, Lot]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    restricted = [pk for pk, lot in lots.items() if lot.status == LotStatus.RESTRICTED]
    uses = RestrictedUse.objects.filter(lot__in=restricted).order_by("reference")
    for lot, reference in uses.values_list("lot", "reference"):
        found[lot] = (*found.get(lot, ()), reference)
    return found


@transaction.atomic
def _decide(
    kind: DecisionKind,
    lines: Sequence[D],
    by: Actor,
    at: datetime,
    *,
    check: Callable[[D, Lot, Facts], None] = lambda line, lot, facts: None,
) -> Decided:
    signer = require_signature(by, lines)
    stamp = audit.stamp(by, at, lines[0].reason)
    lots = lock_lots(line.lot for line in lines)
    preconditions.locked(lots.values())
    facts = Facts.read(kind, lots, by)

    def decide(line: D, index: int) -> None:
        audit.require_reason(line.reason)
        if isinstance(line, Reviewed):
            require_review(line)
        _check_version(line, lots[line.lot.pk], facts)
        _check_status(kind, lots[line.lot.pk])
        check(line, lots[line.lot.pk], facts)

    each(lines, decide)
    overtake_proposals(lots, stamp)
    return Decided(
        [
            Order.of(kind, line, lots[line.lot.pk], references=facts.references(line))
            for line in lines
        ],
        lambda orders: put_into_effect(orders, facts.sights, signer, stamp),
        lambda orders: propose(orders, facts.sights, signer, stamp),
    )


def _check_version(line: AnyDecision, lot: Lot, facts: Facts) -> None:
    sight = facts.sights[lot.pk]
    if line.expected and (changed := changed_since(line.expected, sight)):
        raise lot_changed(lot, changed, version_of(sight))


def lot_changed(lot: Lot, changed: list[str], version: str) -> Refused:
    """Somebody has done something to the lot after the signer has looked at it."""
    return Refused(
        _("%(lot)s has changed since you saw it: %(what)s."),
        code="lot_changed",
        field="lot",
        hint=_("Look at it again, and sign what you see then."),
        facts={"changed": changed, "version": version},
        lot=lot,
        what=in_words(changed),
    )


def _check_status(kind: DecisionKind, lot: Lot) -> None:
    if lot.status not in MAY_FOLLOW[kind]:
        raise Refused(
            _("%(lot)s is %(status)s: it cannot be decided so."),
            code="wrong_status",
            field="lot",
            hint=_("Look at the lot's decisions; reopen it first if it must be decided again."),
            lot=lot,
            status=inside(LotStatus(lot.status).label),
        )


def check_proposed(row: Proposal, lot: Lot, facts: Facts) -> None:
    """Refuse the second signature as the first one would be refused now."""
    _check_status(DecisionKind(row.kind), lot)
    if row.kind == DecisionKind.RELEASE:
        _check_release(row, lot, facts)
    else:
        _check_restrict(row, lot, facts)


def _check_release(line: Release | Proposal, lot: Lot, facts: Facts) -> None:
    _check_signer(lot, facts)
    counting = facts.inspections[lot.pk]
    check_due(lot, facts.due[lot.pk], inspected=bool(counting))
    if not all(row.passed or row.outcome == Outcome.ACCEPT for row in counting):  # type: ignore[attr-defined]
        raise Refused(
            _("The last inspection of %(lot)s did not pass."),
            code="inspection_failed",
            field="lot",
            hint=_("Inspect it again, restrict it, or reject it."),
            lot=lot,
        )
    _check_dates(lot, retest_on=line.retest_on)


def _check_restrict(line: Restriction | Proposal, lot: Lot, facts: Facts) -> None:
    _check_signer(lot, facts)
    _check_dates(lot)
    if not facts.references(line):
        raise Refused(
            _("Name the demands that may use the lot."),
            code="references_needed",
            field="references",
            hint=_("Enter their references, separated by commas."),
        )
    if line.until and line.until < timezone.localdate():
        raise Refused(
            _("The restriction would have ended already."),
            code="until_passed",
            field="until",
            hint=_("Choose a date from today on."),
        )


def _check_signer(lot: Lot, facts: Facts) -> None:
    if any(row.actor_id == facts.by.user.pk for row in facts.inspections[lot.pk]):
        raise Refused(
            _("You recorded the results of %(lot)s."),
            code="signer_recorded_result",
            field="lot",
            hint=_("Somebody else must decide on it."),
            lot=lot,
        )
    if lot.material.second_signer and facts.by.user.pk in facts.stoppers(lot):
        raise Refused(
            _("You placed a hold on %(lot)s that is still open."),
            code="signer_placed_hold",
            field="lot",
            hint=_("Somebody else must decide on it, or lift the hold first."),
            lot=lot,
        )


def _check_dates(lot: Lot, retest_on: date | None = None) -> None:
    today = timezone.localdate()
    for stop in (EXPIRED, RETEST_DUE):
        renewed = stop is RETEST_DUE and retest_on is not None and retest_on >= today
        if stop.met(lot, today) and not renewed:
            raise Refused(
                stop.words, code=stop.code, field="lot", hint=stop.remedy,
                lot=lot, day=getattr(lot, stop.column),
            )  # fmt: skip


def _check_close(line: Closing, lot: Lot, facts: Facts) -> None:
    if lot.pk in facts.on_hand:
        raise Refused(
            _("%(lot)s is still on hand."),
            code="still_on_hand",
            field="lot",
            hint=_("Use it up, scrap it or send it back first."),
            lot=lot,
        )
