"""Signed decisions on lots: release, restrict, reject, reopen, close."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Self, TypeVar

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import each, lock_lots
from inventory.audit import Actor
from inventory.errors import Refusals, Refused
from inventory.fields import About
from inventory.models import Balance, Lot, LotLink, LotStatus
from quality.gate import EXPIRED, RETEST_DUE
from quality.models import Decision, DecisionKind, Inspection, Meaning, RestrictedUse
from quality.signature import require_signature

LotField = Annotated[Lot, About(_("Lot"), _("Scan the lot label."))]
MeaningField = Annotated[Meaning, About(_("Meaning"), _("What your signature stands for."))]
ReasonField = Annotated[str, About(_("Reason"), _("Kept with the decision."), multiline=True)]
PasswordField = Annotated[
    str, About(_("Your password"), _("Signing means entering it again."), secret=True)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A lot to be released for use."""

    lot: LotField
    meaning: MeaningField
    reason: ReasonField
    password: PasswordField
    retest_on: Annotated[
        date | None, About(_("Next retest on"), _("Only if the lot was retested."))
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """A lot to be released for named demands only."""

    lot: LotField
    references: Annotated[
        tuple[str, ...],
        About(_("For the demands"), _("References, separated by commas."), max_length=80),
    ]
    meaning: MeaningField
    reason: ReasonField
    password: PasswordField
    until: Annotated[date | None, About(_("Until"), _("Empty: until it is decided again."))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A lot that may not be used."""

    lot: LotField
    meaning: MeaningField
    reason: ReasonField
    password: PasswordField


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening:
    """A decided lot that goes back to quarantine, to be decided again."""

    lot: LotField
    meaning: MeaningField
    reason: ReasonField
    password: PasswordField


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A used-up lot that is closed for good."""

    lot: LotField
    meaning: MeaningField
    reason: ReasonField
    password: PasswordField


AnyDecision = Release | Restriction | Rejection | Reopening | Closing
D = TypeVar("D", Release, Restriction, Rejection, Reopening, Closing)

MAY_FOLLOW: dict[DecisionKind, tuple[LotStatus, ...]] = {
    DecisionKind.RELEASE: (LotStatus.QUARANTINE, LotStatus.RESTRICTED, LotStatus.RELEASED),
    DecisionKind.RESTRICT: (LotStatus.QUARANTINE, LotStatus.RELEASED, LotStatus.RESTRICTED),
    DecisionKind.REJECT: (LotStatus.QUARANTINE, LotStatus.RELEASED, LotStatus.RESTRICTED),
    DecisionKind.REOPEN: (LotStatus.RELEASED, LotStatus.RESTRICTED, LotStatus.REJECTED),
    DecisionKind.CLOSE: tuple(status for status in LotStatus if status != LotStatus.CLOSED),
}
LEADS_TO: dict[DecisionKind, LotStatus] = {
    DecisionKind.RELEASE: LotStatus.RELEASED,
    DecisionKind.RESTRICT: LotStatus.RESTRICTED,
    DecisionKind.REJECT: LotStatus.REJECTED,
    DecisionKind.REOPEN: LotStatus.QUARANTINE,
    DecisionKind.CLOSE: LotStatus.CLOSED,
}


def release(*, lines: Sequence[Release], by: Actor, at: datetime) -> list[Decision]:
    """Release lots for use.

    Refuses `signature_wrong`, `signer_cannot_sign`, `reason_needed`, `wrong_status`,
    `signer_recorded_result`, `inspection_failed`, `lot_expired`, `lot_retest_due`.
    """
    return _decide(DecisionKind.RELEASE, lines, by, at, check=_check_release)


def restrict(*, lines: Sequence[Restriction], by: Actor, at: datetime) -> list[Decision]:
    """Release lots for named demands, until a date if one is given.

    Refuses what `release` does, `references_needed` and `until_passed`; a failed inspection does
    not stand in the way, because the restriction is the disposition.
    """
    return _decide(DecisionKind.RESTRICT, lines, by, at, check=_check_restrict)


def reject(*, lines: Sequence[Rejection], by: Actor, at: datetime) -> list[Decision]:
    """Bar lots from use. Refuses the signature codes, `reason_needed`, `wrong_status`."""
    return _decide(DecisionKind.REJECT, lines, by, at)


def reopen(*, lines: Sequence[Reopening], by: Actor, at: datetime) -> list[Decision]:
    """Put lots back into quarantine.

    Refuses the signature codes, `reason_needed`, `wrong_status`.
    """
    return _decide(DecisionKind.REOPEN, lines, by, at)


def close_lot(*, lines: Sequence[Closing], by: Actor, at: datetime) -> list[Decision]:
    """Close lots for good.

    Refuses the signature codes, `reason_needed`, `wrong_status`, `still_on_hand`.
    """
    return _decide(DecisionKind.CLOSE, lines, by, at, check=_check_close)


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands for or against a decision on the (locked) lots, read for all of them at once.

    `inspections` are those that count for a lot; `on_hand` the lots of which there is stock.
    """

    by: Actor
    inspections: dict[int, list[Inspection]]
    on_hand: set[int]

    @classmethod
    def read(cls, kind: DecisionKind, lots: Collection[int], by: Actor) -> Self:
        by_results = kind in (DecisionKind.RELEASE, DecisionKind.RESTRICT)
        standing = Balance.objects.filter(lot__in=lots, quantity__gt=0)
        return cls(
            by=by,
            inspections=_counting(lots) if by_results else {},
            on_hand=set(standing.values_list("lot", flat=True))
            if kind == DecisionKind.CLOSE
            else set(),
        )


@transaction.atomic
def _decide(
    kind: DecisionKind,
    lines: Sequence[D],
    by: Actor,
    at: datetime,
    *,
    check: Callable[[D, Lot, Facts], None] = lambda line, lot, facts: None,
) -> list[Decision]:
    _require_signatures(lines, by)
    stamp = audit.stamp(by, at, lines[0].reason)
    lots = lock_lots(line.lot for line in lines)
    facts = Facts.read(kind, lots, by)

    def decide(line: D, index: int) -> None:
        audit.require_reason(line.reason)
        _check_status(kind, lots[line.lot.pk])
        check(line, lots[line.lot.pk], facts)

    each(lines, decide)
    made = Decision.objects.bulk_create(
        [_decision(kind, line, lots[line.lot.pk], stamp) for line in lines]
    )
    Lot.objects.filter(pk__in=lots).update(status=LEADS_TO[kind])
    _set_uses(lines, lots)
    _set_retest(lines, lots)
    entries = [
        audit.Entry(
            subject=decision.lot,
            changes={"status": [decision.from_status, decision.to_status]},
            facts={"meaning": decision.meaning, "signed_by": decision.signed_by},
            reason=decision.reason,
        )
        for decision in made
    ]
    audit.record_many(f"quality.{kind}", entries, stamp=stamp)
    return made


def _require_signatures(lines: Sequence[AnyDecision], by: Actor) -> None:
    """Each password once, however many lines it signs; a wrong one is looked at only once."""
    first_use = {line.password: index for index, line in reversed(list(enumerate(lines)))}
    refusals = Refusals()
    for password, index in sorted(first_use.items(), key=lambda used: used[1]):
        if len(first_use) == 1:
            require_signature(by, password)
        else:
            with refusals.of(index):
                require_signature(by, password)
            refusals.raise_any()


def _decision(kind: DecisionKind, line: AnyDecision, lot: Lot, stamp: audit.Stamp) -> Decision:
    """The decision, which the lot has followed once it is made."""
    before, lot.status = lot.status, LEADS_TO[kind]
    return Decision(
        lot=lot,
        kind=kind,
        from_status=before,
        to_status=lot.status,
        meaning=line.meaning,
        signed_by=stamp.actor.get_full_name() or stamp.actor.get_username(),
        until=getattr(line, "until", None),
        references=list(getattr(line, "references", ())),
        **{**stamp.columns(), "reason": line.reason.strip()},
    )


def _set_uses(lines: Sequence[AnyDecision], lots: dict[int, Lot]) -> None:
    """Only the newest decision says for which demands a lot may be used."""
    RestrictedUse.objects.filter(lot__in=lots).delete()
    newest = {line.lot.pk: line for line in lines if isinstance(line, Restriction)}
    RestrictedUse.objects.bulk_create(
        RestrictedUse(lot=lots[pk], reference=reference, until=line.until)
        for pk, line in newest.items()
        for reference in dict.fromkeys(reference.strip() for reference in line.references)
        if reference
    )


def _set_retest(lines: Sequence[AnyDecision], lots: dict[int, Lot]) -> None:
    retested = {
        line.lot.pk: line.retest_on
        for line in lines
        if isinstance(line, Release) and line.retest_on
    }
    for pk, day in retested.items():
        lots[pk].retest_on = day
    Lot.objects.bulk_update([lots[pk] for pk in retested], ["retest_on"])


def _check_status(kind: DecisionKind, lot: Lot) -> None:
    if lot.status not in MAY_FOLLOW[kind]:
        raise Refused(
            _("%(lot)s is %(status)s: it cannot be decided so."),
            code="wrong_status",
            field="lot",
            hint=_("Look at the lot's decisions; reopen it first if it must be decided again."),
            lot=lot,
            status=lot.get_status_display().lower(),
        )


def _check_release(line: Release, lot: Lot, facts: Facts) -> None:
    _check_signer(lot, facts)
    if any(not last.passed for last in facts.inspections[lot.pk]):
        raise Refused(
            _("The last inspection of %(lot)s did not pass."),
            code="inspection_failed",
            field="lot",
            hint=_("Inspect it again, restrict it, or reject it."),
            lot=lot,
        )
    _check_dates(lot, retest_on=line.retest_on)


def _check_restrict(line: Restriction, lot: Lot, facts: Facts) -> None:
    _check_signer(lot, facts)
    _check_dates(lot)
    if not any(reference.strip() for reference in line.references):
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


def _counting(lots: Collection[int]) -> dict[int, list[Inspection]]:
    """The inspections that count for each lot: its own last one, and those of lots that it was
    split from or took up, where it has not been inspected since."""
    families = _families(lots)
    relatives = set().union(*families.values())
    newest = Inspection.objects.filter(lot__in=relatives).order_by().values("lot")
    rows = Inspection.objects.filter(pk__in=newest.annotate(last=Max("pk")).values("last"))
    last = {row.lot_id: row for row in rows}
    counting = {}
    for lot, family in families.items():
        since = last[lot].pk if lot in last else 0
        counting[lot] = [last[pk] for pk in family if pk in last and last[pk].pk >= since]
    return counting


def _families(lots: Collection[int]) -> dict[int, set[int]]:
    """Each lot with all that it was split from or took up by merging. A statement a generation."""
    parents: dict[int, set[int]] = defaultdict(set)
    known, layer = set(lots), set(lots)
    while layer:
        links = LotLink.objects.filter(child__in=layer, kind__in=("split", "merge"))
        pairs = list(links.values_list("child", "parent"))
        for child, parent in pairs:
            parents[child].add(parent)
        layer = {parent for _child, parent in pairs} - known
        known |= layer
    return {lot: _ancestry(lot, parents) for lot in lots}


def _ancestry(lot: int, parents: dict[int, set[int]]) -> set[int]:
    found, waiting = {lot}, [lot]
    while waiting:
        further = parents.get(waiting.pop(), set()) - found
        found |= further
        waiting += further
    return found


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
