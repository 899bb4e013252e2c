"""Everything that happened to a lot, in one order."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from inventory import sites
from inventory.models import Lot, Movement, Recorded, RefusedAttempt
from inventory.statements import Select
from inventory.wording import full_name, inside, spelled
from quality.models import Decision, Hold, Inspection
from quality.records import signatures_of
from staging.alerting import telling
from staging.models import AlertStep, AlertStepKind


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `kind` is movement, decision, hold, lift, inspection, alert,
    alert_closed, acknowledgement, alert_escalated, alert_snoozed, alert_woken, alert_assigned,
    alert_reopened, alert_regraded or refused; `source` the row it is read from."""

    kind: str
    recorded_at: datetime
    occurred_at: datetime
    title: str
    detail: str
    who: str
    surface: str
    why: str
    source: Any


def timeline(lot: Lot, user: Any = None) -> list[Event]:
    """Movements, decisions, holds, inspections, alerts and refused attempts, the oldest first.

    In the order in which they were recorded, from a fixed number of statements. For somebody who
    may see some sites only, what happened there and what concerns all of the lot.
    """
    events = [
        *_movements(lot),
        *_decisions(lot),
        *_holds(lot),
        *_inspections(lot),
        *_alerts(lot),
        *_refused(lot),
    ]
    return sorted(_seen_by(user, events), key=lambda event: event.recorded_at)


def _seen_by(user: Any, events: list[Event]) -> list[Event]:
    """One statement for each kind of record, of those that are there anyway."""
    if sites.limit_of(user) is None:
        return events
    by_kind: dict[Any, list[Any]] = defaultdict(list)
    for event in events:
        by_kind[type(event.source)].append(event.source.pk)
    seen = {
        (kind, pk)
        for kind, keys in by_kind.items()
        for pk in sites.within(kind.objects.filter(pk__in=keys), user)
        .order_by()
        .values_list("pk", flat=True)
    }
    return [event for event in events if (type(event.source), event.source.pk) in seen]


def _event(kind: str, row: Recorded, title: str, detail: str = "") -> Event:
    return Event(
        kind=kind,
        recorded_at=row.recorded_at,
        occurred_at=row.occurred_at,
        title=title,
        detail=detail,
        who=full_name(row.actor),
        surface=row.get_surface_display(),
        why=row.reason,
        source=row,
    )


_MOVEMENTS: Select[Movement] = Select(
    lambda: (
        Movement.objects.filter(lot__among="lots")
        .select_related("actor", "source", "target", "from_container", "to_container", "reverses")
        .order_by("pk")
    )
)


def _movements(lot: Lot) -> Iterator[Event]:
    unit = lot.material.base_unit_id
    for row in _MOVEMENTS(lots=[lot.pk]):
        places = f"{row.from_container or row.source} → {row.to_container or row.target}"
        if row.from_container_id and row.from_container_id == row.to_container_id:
            places = f"{row.source} → {row.target} ({row.to_container})"
        title = f"{row.get_kind_display()} {spelled(row.quantity)} {unit}"
        if row.reverses:
            title += f" ({inside(row.reverses.get_kind_display())} #{row.reverses_id})"
        yield _event("movement", row, title, " · ".join(filter(None, [places, row.reference])))


def _decisions(lot: Lot) -> Iterator[Event]:
    rows = list(Decision.objects.filter(lot=lot).select_related("actor").order_by("pk"))
    signatures = signatures_of(rows)
    for row in rows:
        change = f"{row.get_from_status_display()} → {row.get_to_status_display()}"
        signed = "; ".join(
            _("signed by %(name)s (%(meaning)s)")
            % {"name": one.printed_name, "meaning": inside(one.get_meaning_display())}
            for one in signatures[row.pk]
        )
        yield _event("decision", row, f"{row.get_kind_display()}: {change}", signed)


_HOLDS: Select[Hold] = Select(
    lambda: (
        Hold.objects.filter(
            Q(lot__among="lots")
            | Q(material__among="materials")
            | Q(supplier_lot__among="supplier_lots")
        )
        .select_related("actor", "lifted_by", "material")
        .order_by("pk")
    )
)


def _holds(lot: Lot) -> Iterator[Event]:
    """Holds on the lot, its material and its supplier lot; those on places are theirs."""
    for row in _HOLDS(
        lots=[lot.pk], materials=[lot.material_id], supplier_lots={lot.supplier_lot} - {""}
    ):
        what = {"number": row.pk, "target": row.material or row.supplier_lot or lot}
        yield _event("hold", row, _("Hold %(number)s placed on %(target)s") % what)
        if row.lifted_at:
            yield Event(
                kind="lift",
                recorded_at=row.lifted_at,
                occurred_at=row.lifted_at,
                title=_("Hold %(number)s lifted from %(target)s") % what,
                detail="",
                who=full_name(row.lifted_by),
                surface="",
                why=row.lift_reason,
                source=row,
            )


def _inspections(lot: Lot) -> Iterator[Event]:
    rows = Inspection.objects.filter(lot=lot).select_related("actor").prefetch_related("results")
    for row in rows.order_by("pk"):
        outcome = _("passed") if row.passed else _("failed")
        results = "; ".join(str(result) for result in row.results.all())
        yield _event("inspection", row, f"{row.get_kind_display()}: {outcome}", results)


_STEPS: Select[AlertStep] = Select(
    lambda: (
        AlertStep.objects.filter(alert__lot__among="lots")
        .select_related("alert__location", "actor", "assigned_to")
        .order_by("pk")
    )
)

_KINDS = {
    AlertStepKind.RAISED: "alert",
    AlertStepKind.CLOSED: "alert_closed",
    AlertStepKind.ACKNOWLEDGED: "acknowledgement",
}
"""What steps were called before there were others."""


def _alerts(lot: Lot) -> Iterator[Event]:
    for step in _STEPS(lots=[lot.pk]):
        alert = step.alert
        named = " @ ".join(str(one) for one in (alert.get_reason_display(), alert.location) if one)
        raised = step.kind == AlertStepKind.RAISED
        yield Event(
            kind=_KINDS.get(AlertStepKind(step.kind), f"alert_{step.kind}"),
            recorded_at=step.at,
            occurred_at=step.at,
            title=named if raised else f"{telling.what(step)}: {named}",
            detail="",
            who=telling.who(step),
            surface="",
            why=step.reason,
            source=alert,
        )


def _refused(lot: Lot) -> Iterator[Event]:
    rows = RefusedAttempt.objects.filter(lot=lot).select_related("actor")
    for row in rows.order_by("recorded_at", "pk"):
        yield _event("refused", row, _("Refused: %(verb)s") % {"verb": row.verb}, row.message)
