"""What a signed decision does: proposed to a second person, or put into effect at once."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from django.utils.translation import ngettext

from inventory import audit
from inventory.models import Lot, LotStatus
from quality.models import Decision, DecisionKind, Ending, Proposal, ProposalEnd, RestrictedUse
from quality.records import described
from quality.seen import Sight
from quality.signature import Signed, Signer

LEADS_TO: dict[DecisionKind, LotStatus] = {
    DecisionKind.RELEASE: LotStatus.RELEASED,
    DecisionKind.RESTRICT: LotStatus.RESTRICTED,
    DecisionKind.REJECT: LotStatus.REJECTED,
    DecisionKind.REOPEN: LotStatus.QUARANTINE,
    DecisionKind.CLOSE: LotStatus.CLOSED,
}
NEED_SECOND = (DecisionKind.RELEASE, DecisionKind.RESTRICT)
"""Decisions that let a lot be used: where its material asks for it, two people sign them."""


@dataclass(frozen=True, slots=True)
class Order:
    """A decision that may be made: nothing stands against it."""

    kind: DecisionKind
    line: Signed
    lot: Lot
    until: date | None = None
    references: tuple[str, ...] = ()
    retest_on: date | None = None
    proposal: Proposal | None = None

    @classmethod
    def of(
        cls, kind: DecisionKind, line: Any, lot: Lot, *, references: tuple[str, ...] = ()
    ) -> Self:
        """As the line asks for it; `references` are the demands that it comes to be for."""
        return cls(
            kind, line, lot,
            until=getattr(line, "until", None),
            references=references,
            retest_on=getattr(line, "retest_on", None),
        )  # fmt: skip

    @property
    def needs_second(self) -> bool:
        """Whether somebody else has to sign as well, and has not."""
        asked = self.kind in NEED_SECOND and self.lot.material.second_signer
        return asked and self.proposal is None


class Decided(list[Any]):
    """Decisions and proposals, one for each line in their order; `warnings` says which wait."""

    def __init__(self, orders: Sequence[Order], carry: Callable[[Sequence[Order]], Sequence[Any]],
                 suggest: Callable[[Sequence[Order]], Sequence[Any]]) -> None:  # fmt: skip
        waiting = [order for order in orders if order.needs_second]
        made = iter(carry([order for order in orders if not order.needs_second]))
        proposed = iter(suggest(waiting))
        super().__init__(next(proposed if order.needs_second else made) for order in orders)
        self.warnings = [_waits(waiting)] if waiting else []


def _waits(orders: Sequence[Order]) -> str:
    names = ", ".join(str(order.lot) for order in orders[:5])
    return ngettext(
        "%(lots)s waits for the second signature.",
        "%(count)d lots wait for the second signature: %(lots)s.",
        len(orders),
    ) % {"count": len(orders), "lots": names + (" …" if len(orders) > 5 else "")}


def propose(
    orders: Sequence[Order], sights: dict[int, Sight], signer: Signer, stamp: audit.Stamp
) -> list[Proposal]:
    """Keep the decisions with the first signature, for a second person."""
    if not orders:
        return []
    made = Proposal.objects.bulk_create(
        Proposal(
            lot=order.lot,
            kind=order.kind,
            from_status=order.lot.status,
            until=order.until,
            references=list(order.references),
            retest_on=order.retest_on,
            **{**stamp.columns(), "reason": order.line.reason.strip()},
        )
        for order in orders
    )
    pairs = list(zip(made, orders, strict=True))
    signer.sign(
        [("proposal", row, described(row), sights[row.lot_id], o.line) for row, o in pairs], stamp
    )
    facts = {"signed_by": signer.printed_name}
    entries = [
        audit.Entry(
            subject=row.lot, facts={"proposal": row.pk, "decision": row.kind} | facts,
            reason=row.reason,
        )
        for row in made
    ]  # fmt: skip
    audit.record_many("quality.propose", entries, stamp=stamp)
    return made


def put_into_effect(
    orders: Sequence[Order], sights: dict[int, Sight], signer: Signer, stamp: audit.Stamp
) -> list[Decision]:
    """Make the decisions, signed, and let the lots follow them."""
    if not orders:
        return []
    made = Decision.objects.bulk_create([_decision(order, signer, stamp) for order in orders])
    for kind in sorted({order.kind for order in orders}):
        pks = {order.lot.pk for order in orders if order.kind == kind}
        Lot.objects.filter(pk__in=pks).update(status=LEADS_TO[kind])
    _set_uses(orders)
    retests = _set_retest(orders)
    pairs = list(zip(made, orders, strict=True))
    signatures = signer.sign(
        [
            ("decision", row, described(row), _seen(sights[row.lot_id], order), order.line)
            for row, order in pairs
        ],
        stamp,
    )
    for kind in sorted({order.kind for order in orders}):
        entries = [
            audit.Entry(
                subject=row.lot,
                changes={"status": [row.from_status, row.to_status]} | retests.get(row.lot_id, {}),
                facts={
                    "meaning": row.meaning, "signed_by": row.signed_by, "sha256": signature.digest
                },
                reason=row.reason,
            )
            for row, signature in zip(made, signatures, strict=True)
            if row.kind == kind
        ]  # fmt: skip
        audit.record_many(f"quality.{kind}", entries, stamp=stamp)
    return made


def _seen(sight: Sight, order: Order) -> Sight:
    """What was seen, and the date that the decision sets."""
    return sight | {"next_retest": order.retest_on.isoformat() if order.retest_on else None}


def _decision(order: Order, signer: Signer, stamp: audit.Stamp) -> Decision:
    """The decision, which the lot has followed once it is made."""
    lot, line = order.lot, order.line
    before, lot.status = lot.status, LEADS_TO[order.kind]
    return Decision(
        lot=lot,
        kind=order.kind,
        from_status=before,
        to_status=lot.status,
        meaning=line.meaning,
        signed_by=signer.printed_name,
        until=order.until,
        references=list(order.references),
        **{**stamp.columns(), "reason": line.reason.strip()},
    )


def _set_uses(orders: Sequence[Order]) -> None:
    """Only the newest decision says for which demands a lot may be used."""
    newest = {order.lot.pk: order for order in orders}
    RestrictedUse.objects.filter(lot__in=newest).delete()
    RestrictedUse.objects.bulk_create(
        RestrictedUse(lot=order.lot, reference=reference, until=order.until)
        for order in newest.values()
        if order.kind == DecisionKind.RESTRICT
        for reference in dict.fromkeys(reference.strip() for reference in order.references)
        if reference
    )


def _set_retest(orders: Sequence[Order]) -> dict[int, dict[str, list[Any]]]:
    """Set the dates that decisions bring along; what changes by it, for the audit trail, by lot."""
    retested = {order.lot.pk: order for order in orders if order.retest_on}
    changes: dict[int, dict[str, list[Any]]] = {}
    for pk, order in retested.items():
        old = order.lot.retest_on
        changes[pk] = {"retest_on": [old and str(old), str(order.retest_on)]}
        order.lot.retest_on = order.retest_on
    Lot.objects.bulk_update([order.lot for order in retested.values()], ["retest_on"])
    return changes


def overtake_proposals(lots: Collection[int], stamp: audit.Stamp) -> None:
    """What was proposed for the lots before is decided otherwise now."""
    end_proposals(
        ((row, Ending.OVERTAKEN, None) for row in Proposal.objects.open().filter(lot__in=lots)),
        stamp,
    )


def end_proposals(
    ended: Iterable[tuple[Proposal, Ending, Decision | None]], stamp: audit.Stamp
) -> None:
    """Note how proposals ended, and with which decision."""
    ProposalEnd.objects.bulk_create(
        ProposalEnd(proposal=row, ending=ending, decision=decision, **stamp.columns())
        for row, ending, decision in ended
    )
