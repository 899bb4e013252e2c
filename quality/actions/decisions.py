"""Signed decisions on lots: release, restrict, reject, reopen, close."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import lock_lots
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
    return _decide(DecisionKind.RELEASE, lines, by, at, check=_check_release, apply=_new_retest)


def restrict(*, lines: Sequence[Restriction], by: Actor, at: datetime) -> list[Decision]:
    """Release lots for named demands, until a date if one is given.

    Refuses what `release` does, `references_needed` and `until_passed`; a failed inspection does
    not stand in the way, because the restriction is the disposition.
    """
    return _decide(DecisionKind.RESTRICT, lines, by, at, check=_check_restrict, apply=_permit)


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


def _nothing(line: Any, lot: Lot, by: Actor) -> None:
    pass


@transaction.atomic
def _decide(
    kind: DecisionKind,
    lines: Sequence[D],
    by: Actor,
    at: datetime,
    *,
    check: Callable[[D, Lot, Actor], None] = _nothing,
    apply: Callable[[D, Lot, Actor], None] = _nothing,
) -> list[Decision]:
    _require_signatures(lines, by)
    stamp = audit.stamp(by, at, lines[0].reason)
    lots = lock_lots(line.lot for line in lines)
    refusals = Refusals()
    for index, line in enumerate(lines):
        try:
            audit.require_reason(line.reason)
            _check_status(kind, lots[line.lot.pk])
            check(line, lots[line.lot.pk], by)
        except Refused as refusal:
            refusals.add(refusal, line=index)
    refusals.raise_any()
    decisions = []
    for line in lines:
        lot = lots[line.lot.pk]
        decisions.append(_decision(kind, line, lot, stamp))
        _set_status(kind, lot)
        apply(line, lot, by)
        lot.save(update_fields=["status", "retest_on"])
    made = Decision.objects.bulk_create(decisions)
    for decision in made:
        audit.record(
            f"quality.{kind}",
            stamp=replace(stamp, reason=decision.reason),
            subject=decision.lot,
            changes={"status": [decision.from_status, decision.to_status]},
            facts={"meaning": decision.meaning, "signed_by": decision.signed_by},
        )
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
    return Decision(
        lot=lot,
        kind=kind,
        from_status=lot.status,
        to_status=LEADS_TO[kind],
        meaning=line.meaning,
        signed_by=stamp.actor.get_full_name() or stamp.actor.get_username(),
        until=getattr(line, "until", None),
        references=list(getattr(line, "references", ())),
        **{**stamp.columns(), "reason": line.reason.strip()},
    )


def _set_status(kind: DecisionKind, lot: Lot) -> None:
    RestrictedUse.objects.filter(lot=lot).delete()
    lot.status = LEADS_TO[kind]


def _new_retest(line: Release, lot: Lot, by: Actor) -> None:
    lot.retest_on = line.retest_on or lot.retest_on


def _permit(line: Restriction, lot: Lot, by: Actor) -> None:
    RestrictedUse.objects.bulk_create(
        RestrictedUse(lot=lot, reference=reference, until=line.until)
        for reference in dict.fromkeys(reference.strip() for reference in line.references)
        if reference
    )


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


def _check_release(line: Release, lot: Lot, by: Actor) -> None:
    if any(not last.passed for last in _check_signer(lot, by)):
        raise Refused(
            _("The last inspection of %(lot)s did not pass."),
            code="inspection_failed",
            field="lot",
            hint=_("Inspect it again, restrict it, or reject it."),
            lot=lot,
        )
    _check_dates(lot, retest_on=line.retest_on)


def _check_restrict(line: Restriction, lot: Lot, by: Actor) -> None:
    _check_signer(lot, by)
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


def _check_signer(lot: Lot, by: Actor) -> list[Inspection]:
    """The inspections that count for the lot: its own last one, and those of lots that it was
    split from or took up, where it has not been inspected since."""
    rows = Inspection.objects.filter(lot__in=_family(lot)).order_by("pk")
    last = {row.lot_id: row for row in rows}
    own = last.get(lot.pk)
    count = [row for row in last.values() if own is None or row.pk >= own.pk]
    if any(row.actor_id == by.user.pk for row in count):
        raise Refused(
            _("You recorded the results of %(lot)s."),
            code="signer_recorded_result",
            field="lot",
            hint=_("Somebody else must decide on it."),
            lot=lot,
        )
    return count


def _family(lot: Lot) -> set[int]:
    """The lot, and all that it was split from or took up by merging."""
    found, layer = {lot.pk}, {lot.pk}
    while layer:
        links = LotLink.objects.filter(child__in=layer, kind__in=("split", "merge"))
        layer = set(links.values_list("parent", flat=True)) - found
        found |= layer
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


def _check_close(line: Closing, lot: Lot, by: Actor) -> None:
    if Balance.objects.filter(lot=lot, quantity__gt=0).exists():
        raise Refused(
            _("%(lot)s is still on hand."),
            code="still_on_hand",
            field="lot",
            hint=_("Use it up, scrap it or send it back first."),
            lot=lot,
        )
