"""The second of two signatures, and the end of proposals that do not get one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, preconditions
from inventory.actions.common import each, lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.models import Lot
from quality.actions.deciding import Order, end_proposals, put_into_effect
from quality.actions.decisions import Facts, check_proposed, lot_changed
from quality.models import Decision, DecisionKind, Ending, Proposal
from quality.records import changed_since_signed
from quality.seen import version_of
from quality.signature import Reviewed, require_review, require_signature

ProposalField = Annotated[Proposal, About(_("Proposed decision"), _("Its number."))]


@dataclass(frozen=True, kw_only=True)
class OfProposal:
    """A decision that somebody else has proposed."""

    proposal: ProposalField


@dataclass(frozen=True, slots=True, kw_only=True)
class Countersignature(Reviewed, OfProposal):
    """The proposed decision that the second person signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A proposed decision that is not to be made."""

    proposal: ProposalField
    reason: Annotated[str, About(_("Reason"), _("Why it is not to be made."), multiline=True)]


@transaction.atomic
def countersign(*, lines: Sequence[Countersignature], by: Actor, at: datetime) -> list[Decision]:
    """Sign proposed decisions as the second person: they take effect.

    Refuses the signature codes, `reason_needed`, `proposal_closed`, `same_signer`, `lot_changed`,
    and what `release` and `restrict` do.
    """
    signer = require_signature(by, lines)
    stamp = audit.stamp(by, at, lines[0].reason)
    lots = lock_lots(line.proposal.lot for line in lines)
    proposals = _read([line.proposal for line in lines])
    facts = Facts.read(DecisionKind.RELEASE, lots, by)
    changed = changed_since_signed(list(proposals.values()), facts.sights)
    taken: set[int] = set()

    def decide(line: Countersignature, index: int) -> Order:
        row = proposals[line.proposal.pk]
        lot = lots[row.lot_id]
        audit.require_reason(line.reason)
        require_review(line)
        _check_open(row, taken)
        _check_second(row, by)
        if changed[row.pk]:
            raise lot_changed(lot, changed[row.pk], version_of(facts.sights[lot.pk]))
        check_proposed(row, lot, facts)
        return _order(row, line, lot)

    orders = each(lines, decide)
    made = put_into_effect(orders, facts.sights, signer, stamp)
    end_proposals(
        (
            (proposals[line.proposal.pk], Ending.SIGNED, decision)
            for line, decision in zip(lines, made, strict=True)
        ),
        stamp,
    )
    return made


@transaction.atomic
def withdraw_proposal(*, lines: Sequence[Withdrawal], by: Actor, at: datetime) -> list[Proposal]:
    """Take proposed decisions back. Refuses `reason_needed`, `proposal_closed`."""
    stamp = audit.stamp(by, at, lines[0].reason)
    lock_lots(line.proposal.lot for line in lines)
    proposals = _read([line.proposal for line in lines])
    taken: set[int] = set()

    def withdraw(line: Withdrawal, index: int) -> Proposal:
        audit.require_reason(line.reason)
        _check_open(proposals[line.proposal.pk], taken)
        return proposals[line.proposal.pk]

    ended = each(lines, withdraw)
    end_proposals(((row, Ending.WITHDRAWN, None) for row in ended), stamp)
    entries = [
        audit.Entry(
            subject=row.lot, facts={"proposal": row.pk, "decision": row.kind}, reason=line.reason
        )
        for row, line in zip(ended, lines, strict=True)
    ]
    audit.record_many("quality.withdraw_proposal", entries, stamp=stamp)
    return ended


def _read(named: Sequence[Proposal]) -> dict[int, Proposal]:
    """As they are now; the locks on their lots keep them so."""
    rows = Proposal.objects.filter(pk__in=[row.pk for row in named]).order_by("pk")
    found = {row.pk: row for row in rows.select_related("lot", "end")}
    preconditions.locked(found.values())
    return found


def _check_open(row: Proposal, taken: set[int]) -> None:
    if hasattr(row, "end") or row.pk in taken:
        raise Refused(
            _("%(proposal)s is no longer proposed."),
            code="proposal_closed",
            field="proposal",
            hint=_("Look at the lot for what became of it."),
            proposal=row,
        )
    taken.add(row.pk)


def _check_second(row: Proposal, by: Actor) -> None:
    if row.actor_id == by.user.pk:
        raise Refused(
            _("You have signed %(proposal)s first."),
            code="same_signer",
            field="proposal",
            hint=_("Somebody else must sign as the second person."),
            proposal=row,
        )


def _order(row: Proposal, line: Countersignature, lot: Lot) -> Order:
    return Order(
        DecisionKind(row.kind), line, lot, row.until, tuple(row.references), row.retest_on, row
    )
