"""What quality knows of a lot, as plain data: inspections, decisions with signatures, holds."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from inventory.models import Lot
from inventory.seals.content import moment
from inventory.units import plain
from quality.models import (
    Attachment,
    Decision,
    DueInspection,
    Hold,
    Inspection,
    Proposal,
    Signature,
)
from quality.records import verify, with_signings
from staging.dossier.plain import recorded, who

Content = dict[str, Any]


def content(lot: Lot, stopping: Iterable[Hold]) -> Content:
    """`stopping` are the open holds that stop the lot, wherever they lie."""
    holds = _holds_of(lot, stopping)
    of_record = _signatures(lot, holds)
    return {
        "inspections": _inspections(lot),
        "due_inspections": [
            {"kind": due.kind, "since": moment(due.since)}
            for due in DueInspection.objects.open().filter(lot=lot).order_by("pk")
        ],
        "attachments": _attachments(lot),
        "decisions": _decisions(lot),
        "proposals": _proposals(lot, of_record),
        "holds": [_hold(hold, of_record) for hold in holds],
    }


def _inspections(lot: Lot) -> list[Content]:
    """In the order in which they were recorded: the last one counts, and supersedes the others."""
    rows = list(
        Inspection.objects.filter(lot=lot)
        .select_related("actor", "plan")
        .prefetch_related("results", "dispositions__actor")
        .order_by("pk")
    )
    return [
        recorded(row)
        | {
            "kind": row.kind,
            "passed": row.passed,
            "plan_version": row.plan.version if row.plan else None,
            "superseded_by": rows[-1].pk if row is not rows[-1] else None,
            "results": [_result(result) for result in row.results.all()],
            "dispositions": [
                recorded(one) | {"outcome": one.outcome} for one in row.dispositions.all()
            ],
        }
        for row in rows
    ]


def _result(row: Any) -> Content:
    names = ("characteristic", "value", "unit", "sample", "passed", "remark", "override")
    limits = {
        end: None if getattr(row, end) is None else plain(getattr(row, end))
        for end in ("lower", "upper")
    }
    return {"id": row.pk, **{name: getattr(row, name) for name in names}, **limits}


def _attachments(lot: Lot) -> list[Content]:
    names = ("name", "content_type", "size", "sha256")
    rows = Attachment.objects.filter(lot=lot).select_related("actor").order_by("pk")
    return [
        recorded(row)
        | {name: getattr(row, name) for name in names}
        | {"inspection": row.inspection_id}
        for row in rows
    ]


def _decided(row: Decision | Proposal) -> Content:
    return recorded(row) | {
        "kind": row.kind,
        "from": row.from_status,
        "until": row.until.isoformat() if row.until else None,
        "demands": list(row.references),
    }


def _decisions(lot: Lot) -> list[Content]:
    rows = Decision.objects.filter(lot=lot).select_related("actor", "lot").order_by("pk")
    return [
        _decided(row)
        | {
            "to": row.to_status,
            "signatures": [
                _signature(one.signature, one.wrong) | {"changed_since": list(one.changed)}
                for one in row.signings  # type: ignore[attr-defined]
            ],
        }
        for row in with_signings(rows)
    ]


def _signature(row: Signature, wrong: list[str]) -> Content:
    """With what was signed, to the letter, and what is wrong with it, if anything is."""
    names = ("username", "printed_name", "role", "zone", "meaning", "method", "reason", "reviewed",
             "content", "digest")  # fmt: skip
    return {
        "id": row.pk,
        "signed_at": moment(row.recorded_at),
        **{name: getattr(row, name) for name in names},
        "wrong": wrong,
        "changed_since": [],
    }


def _signatures(lot: Lot, holds: Iterable[Hold]) -> dict[tuple[str, int], list[Content]]:
    """Those on proposals and on lifted holds, by record."""
    found: dict[tuple[str, int], list[Content]] = defaultdict(list)
    targets = (f"hold__{target}" for target in ("lot", "container", "location", "material"))
    rows = Signature.objects.filter(Q(proposal__lot=lot) | Q(hold__in=[hold.pk for hold in holds]))
    for row in rows.select_related("proposal", "decision", "hold", *targets).order_by("pk"):
        of = ("hold", row.hold_id) if row.hold_id else ("proposal", row.proposal_id or 0)
        found[of].append(_signature(row, verify(row)))
    return found


def _proposals(lot: Lot, signatures: dict[tuple[str, int], list[Content]]) -> list[Content]:
    rows = Proposal.objects.filter(lot=lot).select_related("actor", "end__actor").order_by("pk")
    return [
        _decided(row)
        | {
            "ended": _end(row),
            "signatures": signatures["proposal", row.pk],
        }
        for row in rows
    ]


def _end(proposal: Proposal) -> Content | None:
    end = getattr(proposal, "end", None)
    if end is None:
        return None
    return recorded(end) | {"ending": end.ending, "decision": end.decision_id}


def _holds_of(lot: Lot, stopping: Iterable[Hold]) -> list[Hold]:
    """Every hold that ever lay on the lot, its material or its supplier's number; those on places
    and containers as long as they stop it."""
    meant = Q(lot=lot) | Q(material=lot.material_id) | Q(pk__in=[hold.pk for hold in stopping])
    if lot.supplier_lot:
        meant |= Q(supplier_lot=lot.supplier_lot)
    related = ("actor", "lifted_by", "lot", "container", "location", "material")
    return list(Hold.objects.filter(meant).select_related(*related).order_by("pk"))


def _hold(row: Hold, signatures: dict[tuple[str, int], list[Content]]) -> Content:
    return recorded(row) | {
        "target": str(row.target),
        "lifted_at": moment(row.lifted_at) if row.lifted_at else None,
        "lifted_by": who(row.lifted_by) if row.lifted_by else None,
        "lift_reason": row.lift_reason,
        "signatures": signatures["hold", row.pk],
    }
