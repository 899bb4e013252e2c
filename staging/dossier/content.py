"""Everything about a lot as plain data: text, numbers, lists and dicts, as JSON has them.

Moments are in UTC, quantities exact and in the material's base unit, choices by their codes. It
does not say when and for whom it was gathered: as long as nothing happens, its digest is the same.
The entries that giving a dossier out leaves in the audit trail are left out for the same reason.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from inventory import genealogy, on_hand
from inventory.models import AuditEntry, Balance, Lot, Movement, RefusedAttempt
from inventory.models.places import REAL_KINDS
from inventory.seals.checking import check
from inventory.seals.content import moment
from inventory.seals.verifying import RECORDED
from inventory.units import plain
from staging import stops
from staging.dossier import quality
from staging.dossier.plain import recorded, who
from staging.models import Alert, AlertStep, Commitment

FORMAT = 1

MOST = 10_000
"""Movements, refused attempts and audit entries that a dossier holds, the newest ones."""

GIVEN_OUT = "staging.dossier"
"""What the audit trail calls it."""

Content = dict[str, Any]


def content(lot: Lot, *, most: int = MOST) -> Content:
    """Gather it. The number of statements does not grow with what happened to the lot."""
    movements, left_out = _movements(lot, most)
    balances = list(
        Balance.objects.filter(lot=lot, quantity__gt=0)
        .select_related("location", "container")
        .order_by("location__path", "pk")
    )
    said: Content = {
        "format": FORMAT,
        "lot": _identity(lot),
        "quantities": _quantities(lot, balances),
        "movements": movements,
        "movements_left_out": left_out,
        "genealogy": _genealogy(lot),
        **quality.content(lot, stops.holds_on(lot, balances)),
        "alerts": _alerts(lot),
    }
    said["refused_attempts"], said["refused_left_out"] = _refused(lot, most)
    said["audit"], said["audit_left_out"] = _audit(lot, said, most)
    _run_up(said)
    return said | {"seals": _seals(said), "verification": _verification()}


def _identity(lot: Lot) -> Content:
    material = lot.material
    return {
        "id": lot.pk,
        "code": lot.code,
        "number": lot.number,
        "material": material.code,
        "material_name": material.name,
        "material_kind": material.kind,
        "tracking": material.tracking,
        "unit": material.base_unit_id,
        "supplier_lot": lot.supplier_lot,
        "status": lot.status,
        "made_on": _day(lot.made_on),
        "expires_on": _day(lot.expires_on),
        "retest_on": _day(lot.retest_on),
        "known_since": moment(lot.created_at),
        "restricted_to": [
            {"demand": use.reference, "until": _day(use.until)}
            for use in lot.restricted_uses.order_by("reference")
        ],
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _moment(at: datetime | None) -> str | None:
    return moment(at) if at else None


def _quantities(lot: Lot, balances: Iterable[Balance]) -> Content:
    open_ones = Commitment.objects.open().filter(lot=lot)
    committed = open_ones.select_related("requirement__demand", "location", "container")
    parts = on_hand.picture(Balance.objects.filter(lot=lot))
    return {
        "parts": {name: plain(quantity) for name, quantity in parts.items()},
        "places": [
            {
                "place": row.location.code,
                "place_kind": row.location.kind,
                "container": row.container.code if row.container else None,
                "quantity": plain(row.quantity),
                "reserved": plain(row.reserved),
                "bound": plain(row.bound),
            }
            for row in balances
        ],
        "promised": [
            {
                "demand": row.requirement.demand.reference,
                "state": row.state,
                "place": row.location.code,
                "container": row.container.code if row.container else None,
                "quantity": plain(row.quantity),
                "since": moment(row.since),
            }
            for row in committed.order_by("since", "pk")
        ],
    }


MOVEMENT = {
    "id": "pk", "recorded_at": "recorded_at", "occurred_at": "occurred_at", "kind": "kind",
    "quantity": "quantity", "source": "source__code", "source_kind": "source__kind",
    "target": "target__code", "target_kind": "target__kind",
    "from_container": "from_container__code", "to_container": "to_container__code",
    "reference": "reference", "rule_version": "rule_version", "reverses": "reverses_id",
    "reversed_by": "reversed_by__pk", "reason": "reason", "surface": "surface",
    "user": "actor__username", "first": "actor__first_name", "last": "actor__last_name",
    "batch": "batch",
}  # fmt: skip
"""Key of a movement → column; read past the objects, of which there may be ten thousand."""


def _movements(lot: Lot, most: int) -> tuple[list[Content], int]:
    rows = Movement.objects.filter(lot=lot)
    newest = list(rows.order_by("-pk").values_list(*MOVEMENT.values())[:most])
    found = []
    for values in reversed(newest):
        row = {key: _plain(value) for key, value in zip(MOVEMENT, values, strict=True)}
        row["by"] = {
            "user": row.pop("user"),
            "name": f"{row.pop('first')} {row.pop('last')}".strip(),
        }
        found.append(row)
    return found, rows.count() - len(found)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Decimal):
        return plain(value)
    return str(value) if isinstance(value, UUID) else value


def _run_up(said: Content) -> None:
    """What was on hand after each movement; before the first one shown, if older ones are left out.

    `agrees` says whether all movements together make what the balances say.
    """
    changes = [_change(row) for row in said["movements"]]
    now, level = Decimal(said["quantities"]["parts"]["total"]), Decimal(0)
    if said["movements_left_out"]:
        level = now - sum(changes)
    said["quantities"]["opening"] = plain(level)
    for row, change in zip(said["movements"], changes, strict=True):
        level += change
        row["on_hand"] = plain(level)
    said["quantities"]["agrees"] = level == now


def _change(row: Content) -> Decimal:
    """By how much a movement changes what is on hand."""
    real = [row[end] in REAL_KINDS for end in ("target_kind", "source_kind")]
    return Decimal(row["quantity"]) * (real[0] - real[1])


def _genealogy(lot: Lot) -> Content:
    back, forward = genealogy.trace(lot, "back"), genealogy.trace(lot, "forward")
    return {
        "made_from": [_link(link, used=link.far) for link in back.links],
        "went_into": [_link(link, used=link.near) for link in forward.links],
        "complete": back.complete and forward.complete,
    }


def _link(link: genealogy.Link, used: Lot) -> Content:
    return {
        "depth": link.depth,
        "near": link.near.code,
        "far": link.far.code,
        "far_material": link.far.material.name,
        "far_status": link.far.status,
        "kind": link.kind,
        "quantity": None if link.quantity is None else plain(link.quantity),
        "unit": used.material.base_unit_id,
    }


def _alerts(lot: Lot) -> list[Content]:
    related = ("location", "container", "acknowledged_by", "demand")
    steps = AlertStep.objects.select_related("actor", "assigned_to")
    return [
        {
            "id": row.pk,
            "reason": row.reason,
            "detail": row.detail,
            "place": row.location.code if row.location else None,
            "container": row.container.code if row.container else None,
            "demand": row.demand.reference if row.demand else None,
            "raised_at": moment(row.raised_at),
            "acknowledged_at": _moment(row.acknowledged_at),
            "acknowledged_by": who(row.acknowledged_by) if row.acknowledged_by else None,
            "acknowledge_reason": row.acknowledge_reason,
            "closed_at": _moment(row.closed_at),
            "severity": row.severity,
            "level": row.level,
            "times": row.times,
            "steps": [_alert_step(step) for step in row.steps.all()],
        }
        for row in Alert.objects.filter(lot=lot)
        .select_related(*related)
        .prefetch_related(Prefetch("steps", steps.order_by("pk")))
        .order_by("pk")
    ]


def _alert_step(step: AlertStep) -> Content:
    return {
        "kind": step.kind,
        "at": moment(step.at),
        "level": step.level,
        "severity": step.severity,
        "who": who(step.actor) if step.actor else None,
        "why": step.reason,
        "until": _moment(step.until),
        "assigned_to": who(step.assigned_to) if step.assigned_to else None,
    }


def _newest(rows: QuerySet[Any], most: int) -> tuple[list[Any], int]:
    """The newest of them, the oldest of those first, and how many are left out."""
    found = list(rows.order_by("-pk")[:most])[::-1]
    return found, rows.count() - len(found)


def _refused(lot: Lot, most: int) -> tuple[list[Content], int]:
    rows = RefusedAttempt.objects.filter(lot=lot).select_related("actor", "location", "container")
    found, left_out = _newest(rows, most)
    return [
        recorded(row)
        | {
            "tried": row.verb,
            "code": row.code,
            "message": row.message,
            "field": row.field,
            "place": row.location.code if row.location else None,
            "container": row.container.code if row.container else None,
            "demand": row.demand,
            "quantity": None if row.quantity is None else plain(row.quantity),
            "unit": row.unit,
            "rule": row.rule,
            "rule_version": row.rule_version,
            "hold": row.hold,
            "asked": row.asked,
        }
        for row in found
    ], left_out


BATCHED = ("movements", "inspections", "decisions", "proposals", "holds", "attachments",
           "refused_attempts")  # fmt: skip


def _audit(lot: Lot, said: Content, most: int) -> tuple[list[Content], int]:
    """The entries about the lot, and those of the actions that the other records came from."""
    batches = {row["batch"] for part in BATCHED for row in said[part]}
    about = Q(subject_type=Lot._meta.label_lower, subject_id=str(lot.pk))
    rows = AuditEntry.objects.filter(about | Q(batch__in=batches)).exclude(action=GIVEN_OUT)
    found, left_out = _newest(rows.select_related("actor"), most)
    return [
        recorded(row)
        | {
            "action": row.action,
            "about_the_lot": row.subject_type == Lot._meta.label_lower
            and row.subject_id == str(lot.pk),
            "subject": row.subject,
            "changes": row.changes,
            "facts": row.facts,
        }
        for row in found
    ], left_out


def _seals(said: Content) -> Content:
    """Whether the records above are what was sealed, and by which seals."""
    found = check(_numbers(said))
    return {
        "rows": found.rows,
        "sound": found.sound,
        "waiting": found.waiting,
        "unread": found.unread,
        "seals": [
            {
                "number": seal.sequence,
                "records": seal.table,
                "sealed_at": moment(seal.sealed_at),
                "hash": seal.hash,
            }
            for seal in found.seals
        ],
        "findings": [str(finding) for finding in found.findings],
    }


def _numbers(said: Content) -> dict[str, list[int]]:
    """The records of the dossier that are sealed, by table."""
    signed = [*said["decisions"], *said["proposals"], *said["holds"]]
    inspections = said["inspections"]
    parts: dict[str, Iterable[Content]] = {
        "inventory.movement": said["movements"],
        "inventory.auditentry": said["audit"],
        "inventory.refusedattempt": said["refused_attempts"],
        "quality.attachment": said["attachments"],
        "quality.decision": said["decisions"],
        "quality.disposition": (one for row in inspections for one in row["dispositions"]),
        "quality.hold": said["holds"],
        "quality.inspection": inspections,
        "quality.inspectionresult": (one for row in inspections for one in row["results"]),
        "quality.proposal": said["proposals"],
        "quality.signature": {
            one["id"]: one for row in signed for one in row["signatures"]
        }.values(),
    }
    return {table: [row["id"] for row in rows] for table, rows in parts.items()}


def _verification() -> Content | None:
    """The last time that somebody had all of history verified, and what came of it."""
    last = AuditEntry.objects.filter(action=RECORDED).order_by("-pk").first()
    if last is None:
        return None
    return {"at": moment(last.recorded_at), "sound": bool(last.facts.get("sound"))}
