"""Take the demands that other systems send: make, change or cancel ours, and say what is left."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from integration.external.actions import taken
from integration.external.naming import Names
from integration.inbound import messages
from integration.inbound.lines import InboundLine
from integration.inbound.messages import Amounts
from integration.models import ExternalId, InboundDemand
from inventory import audit, preconditions, sites
from inventory.actions.common import each
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Location, Material
from inventory.wording import recorded
from staging import actions as staging
from staging.models import Demand

FIXED = ("kind", "site", "customer", "product")
"""What a demand is, and never becomes another."""
CHANGEABLE = ("needed_at", "route", "carrier", "work_center")


class Received(list[Any]):
    """The demand of each message, or the record of one that there is none for; `told` says of each
    what came of it."""

    warnings: Sequence[str] = ()


@dataclass(slots=True)
class Message:
    """One message on its way: what it says, and what it is about."""

    line: InboundLine
    record: InboundDemand
    digest: str
    repeated: bool
    demand: Demand | None = None
    needed: Amounts = field(default_factory=dict)
    kept: list[dict[str, Any]] = field(default_factory=list)
    things: dict[str, Any] = field(default_factory=dict)
    does: Any = None
    outcome: str = "unchanged"
    named: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def receive_demands(*, lines: Sequence[InboundLine], by: Actor, at: datetime) -> Received:
    """Make demands as their systems have them now, and reconcile them with what they have.

    What is reserved beyond it is freed, what is staged beyond it is to be unstaged, what was issued
    beyond it is to come back: nothing of it stops the message. The same message again changes
    nothing; an older one is refused. Refuses `message_outdated`, `version_reused`,
    `version_needed`, `version_out_of_range`, `sent_twice`, `line_twice`, `external_unknown`,
    `external_id_taken`, `value_needed`, `demand_differs`, `site_not_in_scope`, and as
    `create_demand`, `change_demand` and `cancel_demand` do.
    """
    records = messages.lock_records(lines)
    preconditions.locked(records)
    names = messages.look_up(lines)
    demands = messages.demands_of(lines, records)
    named: Iterator[Any] = ((n, [demands.get(n) or line.site]) for n, line in enumerate(lines))
    sites.require(by.user, named)
    _forbid_other_names(lines, demands)

    def read(line: InboundLine, index: int) -> Message:
        record, digest = records[index], messages.digest_of(line)
        repeated = messages.is_repeat(line, record, digest)
        message = Message(line, record, digest, repeated, demands.get(index))
        if not repeated:
            _decide(message, names)
        return message

    taken_in = each(lines, read)
    warnings: list[str] = []
    for kind, verb in VERBS.items():
        warnings += _carry_out(kind, verb, taken_in, by, at)
    _keep(taken_in, by, at)
    received = Received(_told(message) for message in taken_in)
    received.warnings = warnings
    return received


def _decide(message: Message, names: Names) -> None:
    """What is to be done about it: a line of `create_demand`, `change_demand`, `cancel_demand`."""
    line, demand = message.line, message.demand
    message.needed, message.kept = messages.read_needs(line, names)
    message.things = {
        "work_center": names.get(Location, line.source, line.work_center, "work_center"),
        "customer": names.get(Location, line.source, line.customer, "customer"),
        "product": names.get(Material, line.source, line.product, "product"),
    }
    if line.cancelled:
        message.does, message.outcome = _cancellation(message)
    elif demand is None:
        message.does, message.outcome = _new(message), "created"
    else:
        message.does = _change(message, demand)
        message.outcome = "changed" if message.does else "unchanged"


def _cancellation(message: Message) -> tuple[staging.Cancellation | None, str]:
    line, demand = message.line, message.demand
    if demand is None:
        if line.version is None and line.changed_at is None:
            raise Refused(
                _("%(source)s has sent no demand %(id)s."),
                code="external_unknown",
                field="id",
                hint=_("Send it with a version, so that what comes late is known to be older."),
                source=line.source,
                id=line.id,
            )
        return None, "remembered"
    if demand.cancelled:
        return None, "unchanged"
    cancel = staging.Cancellation(demand=demand, reason=_reason(line), reconcile=True)
    return cancel, "cancelled"


def _new(message: Message) -> staging.NewDemand:
    line = message.line
    for name in ("kind", "site", "needed_at"):
        if getattr(line, name) is None:
            raise Refused(
                _("A new demand needs it."),
                code="value_needed",
                field=name,
                hint=_("Send kind, site and the time it is needed with the first message."),
            )
    assert line.kind is not None  # noqa: S101 - just looked at
    assert line.site is not None  # noqa: S101
    assert line.needed_at is not None  # noqa: S101
    return staging.NewDemand(
        reference=line.reference or line.id,
        kind=line.kind,
        site=line.site,
        needed_at=line.needed_at,
        requirements=messages.needs_of(message.needed),
        route=line.route or "",
        carrier=line.carrier or "",
        **message.things,
    )


def _change(message: Message, demand: Demand) -> staging.DemandChange | None:
    """What differs; None if nothing does. Refuses `demand_differs`."""
    line = message.line
    said = {name: message.things.get(name, getattr(line, name)) for name in (*FIXED, *CHANGEABLE)}
    said["reference"] = line.reference
    for name in (*FIXED, "reference"):
        if said[name] is not None and getattr(demand, name) != said[name]:
            raise Refused(
                _("The demand is known with another value: %(known)s."),
                code="demand_differs",
                field=name,
                hint=_("Cancel it, and send it anew under another identifier."),
                known=getattr(demand, name) or _("none"),
            )
    changes = {
        name: said[name]
        for name in CHANGEABLE
        if said[name] is not None and getattr(demand, name) != said[name]
    }
    needs = _differing(message, demand) if line.requirements is not None else {}
    if not (changes or needs):
        return None
    return staging.DemandChange(
        demand=demand,
        reason=_reason(line),
        requirements=messages.needs_of(needs),
        reconcile=True,
        **changes,
    )


def _differing(message: Message, demand: Demand) -> Amounts:
    """New quantities by material and lot; 0 for what is needed no more. Refuses
    `requirements_needed`."""
    if not message.needed:
        raise Refused(
            _("Say what the demand needs."),
            code="requirements_needed",
            field="requirements",
            hint=_("Leave the lines out if they stay, or cancel the demand."),
        )
    wanted = {
        (material.pk, lot.pk if lot else None): quantity
        for (material, lot), quantity in message.needed.items()
    }
    rows = list(demand.requirements.all())
    known = {(row.material_id, row.lot_id): row.quantity for row in rows}
    gone: Amounts = {
        (row.material, row.lot): row.quantity * 0
        for row in rows
        if row.quantity and (row.material_id, row.lot_id) not in wanted
    }
    return gone | {
        (material, lot): quantity
        for (material, lot), quantity in message.needed.items()
        if known.get((material.pk, lot.pk if lot else None)) != quantity
    }


def _reason(line: InboundLine) -> str:
    if line.reason.strip():
        return line.reason
    version = line.version if line.version is not None else line.changed_at
    words = f" ({version})" if version is not None else ""
    return recorded(_("Sent by %(source)s") % {"source": line.source}) + words


# --- done ---------------------------------------------------------------------------------------

VERBS: dict[type[Any], Callable[..., Any]] = {
    staging.NewDemand: staging.create_demand,
    staging.DemandChange: staging.change_demand,
    staging.Cancellation: staging.cancel_demand,
}


def _carry_out(
    kind: type[Any], verb: Callable[..., Any], all_of_them: Sequence[Message], by: Actor,
    at: datetime,
) -> list[str]:  # fmt: skip
    """Do all of one kind at once; what is left to do, in words. Refusals keep their lines."""
    chosen = [index for index, m in enumerate(all_of_them) if isinstance(m.does, kind)]
    if not chosen:
        return []
    lines = [all_of_them[index].does for index in chosen]
    try:
        sites.check_lines(lines, by.user)
        done = verb(lines=lines, by=by, at=at)
    except Refused as refusal:
        for found in refusal.all:
            found.line = None if found.line is None else chosen[found.line]
        raise
    told = getattr(done, "told", {})
    for index, demand in zip(chosen, done, strict=True):
        message = all_of_them[index]
        message.demand = demand
        message.facts = told[demand.pk].facts() if demand.pk in told else {}
    return list(getattr(done, "warnings", ()))


def _forbid_other_names(lines: Sequence[InboundLine], demands: dict[int, Demand]) -> None:
    """Refuses `external_id_taken`: the demand has another identifier in that system."""
    rows = ExternalId.objects.filter(
        kind="demand", source__in={line.source for line in lines}, demand__in=demands.values()
    )
    known = {(row.source, row.demand_id): row for row in rows} if demands else {}

    def check(line: InboundLine, index: int) -> None:
        demand = demands.get(index)
        other = known.get((line.source, demand.pk)) if demand else None
        if other is not None and other.identifier != line.id:
            raise taken(other, other.thing)

    each(lines, check)


def _keep(taken_in: Sequence[Message], by: Actor, at: datetime) -> None:
    """What was the newest, for the next one; and what the system calls a demand from now on."""
    fresh = [message for message in taken_in if not message.repeated]
    new = [message for message in fresh if message.demand and not message.record.demand_id]
    for message in fresh:
        line, record = message.line, message.record
        record.demand = message.demand
        record.cancelled = line.cancelled
        record.digest = message.digest
        record.version = record.version if line.version is None else line.version
        record.changed_at = line.changed_at or record.changed_at
        if line.requirements is not None:
            record.requirements = message.kept
    InboundDemand.objects.bulk_update(
        [message.record for message in fresh],
        ["demand", "cancelled", "digest", "version", "changed_at", "requirements"],
    )
    for message in new:
        message.named = True
    named = _unnamed(new)
    ExternalId.objects.bulk_create(named)
    entries = [
        audit.Entry(subject=row, changes=audit.differences(None, row)) for row in named
    ]  # fmt: skip
    if entries:
        audit.record_many("master.create", entries, stamp=audit.stamp(by, at))


def _unnamed(new: Sequence[Message]) -> list[ExternalId]:
    rows = ExternalId.objects.filter(
        kind="demand", demand__in=[message.demand for message in new if message.demand]
    )
    known = set(rows.values_list("source", "identifier")) if new else set()
    return [
        ExternalId(
            source=message.line.source, kind="demand", identifier=message.line.id,
            demand=message.demand,
        )
        for message in new
        if (message.line.source, message.line.id) not in known
    ]  # fmt: skip


def _told(message: Message) -> Any:
    row: Any = message.demand or message.record
    row.told = {
        "outcome": message.outcome, "created": message.named, **message.facts,
    }  # fmt: skip
    return row
