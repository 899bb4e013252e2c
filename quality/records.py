"""What a signed record says, as plain data, and whether its signature still fits it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from quality import seen
from quality.models import Decision, Hold, Proposal, Signature


def described(row: Decision | Proposal | Hold) -> dict[str, Any]:
    """What a signature on this record stands for."""
    if isinstance(row, Hold):
        return {
            "type": "lift", "hold": row.pk, "target": str(row.target), "placed": row.reason,
            "found": row.lift_reason,
        }  # fmt: skip
    said = {
        "type": row._meta.model_name,
        "id": row.pk,
        "lot": row.lot_id,
        "kind": str(row.kind),
        "from": str(row.from_status),
        "until": _day(row.until),
        "references": list(row.references),
    }
    if isinstance(row, Decision):
        return said | {"to": str(row.to_status)}
    return said | {"retest_on": _day(row.retest_on)}


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None


def verify(signature: Signature) -> list[str]:
    """What is wrong with a signature: nothing, if it is as it was made and on its own record.

    `digest` when the content was altered, `record` when it is not what that record says, `signer`
    when name, meaning, reason or time differ from what was signed.
    """
    wrong = []
    if seen.digest_of(signature.content) != signature.digest:
        wrong.append("digest")
    content = json.loads(signature.content)
    row = signature.decision or signature.proposal or signature.hold
    if row is None or content["record"] != described(row):
        wrong.append("record")
    said = dict(content["signer"])
    signed_at, reviewed = said.pop("signed_at"), said.pop("reviewed", None)
    if (
        signed_at != signature.recorded_at.isoformat()
        or reviewed != signature.reviewed
        or any(str(getattr(signature, name)) != value for name, value in said.items())
    ):
        wrong.append("signer")
    return wrong


@dataclass(frozen=True, slots=True)
class Signing:
    """A signature as it is shown. `changed` are the parts of its lot that differ since;
    `wrong` is what `verify` found."""

    signature: Signature
    changed: list[str]
    wrong: list[str]

    @property
    def since(self) -> str:
        return seen.in_words(self.changed)

    @property
    def tone(self) -> str:
        """That it was moved and used is what a lot was released for."""
        return "calm" if self.changed == ["movement"] else "warn"


def with_signings(decisions: Iterable[Decision]) -> list[Decision]:
    """Put `signings` on each decision, first and second, from a fixed number of statements."""
    rows = list(decisions)
    found = signatures_of(rows)
    now = seen.look_at({row.lot_id: row.lot for row in rows})
    for row in rows:
        row.signings = [  # type: ignore[attr-defined]
            Signing(signature, _since(row, signature, now[row.lot_id]), verify(signature))
            for signature in found[row.pk]
        ]
    return rows


def signatures_of(decisions: Sequence[Decision]) -> dict[int, list[Signature]]:
    """The signatures of each decision: the proposal's, then its own."""
    pks = {row.pk: row for row in decisions}
    rows = Signature.objects.filter(
        Q(decision__in=pks) | Q(proposal__end__decision__in=pks)
    ).select_related("decision", "proposal__end")
    found: dict[int, list[Signature]] = defaultdict(list)
    for row in rows.order_by("pk"):
        of = row.decision_id or (row.proposal.end.decision_id if row.proposal else None)
        found[of or 0].append(row)
    return found


def _since(decision: Decision, signature: Signature, now: seen.Sight) -> list[str]:
    """What has changed of the lot after it was decided on, but for what the decision did."""
    before = json.loads(signature.content)["seen"]
    left = before | {"status": decision.to_status, "decision": decision.pk}
    if before.get("next_retest"):
        left["dates"] = [*before["dates"][:2], before["next_retest"]]
    if signature.proposal and signature.proposal.retest_on:
        left["dates"] = [*before["dates"][:2], signature.proposal.retest_on.isoformat()]
    return seen.differences(left, now)


def changed_since_signed(proposals: Sequence[Proposal], sights: dict[int, seen.Sight]) -> dict[
    int, list[str]
]:  # fmt: skip
    """What differs of each proposal's lot from what its first signer saw."""
    rows = Signature.objects.filter(proposal__in=[row.pk for row in proposals])
    before = {row.proposal_id: json.loads(row.content)["seen"] for row in rows}
    return {row.pk: seen.differences(before[row.pk], sights[row.lot_id]) for row in proposals}
