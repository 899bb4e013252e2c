"""Columns that files of several pages share."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory.sheets.columns import Column
from inventory.templatetags.components import said
from inventory.wording import full_name
from staging.models import Commitment


def code(row: Any) -> str:
    """The code of what may be missing."""
    return row.code if row else ""


def usability(row: Any) -> str:
    """What stops a balance or a commitment now, in words."""
    return said([row.stop]) if row.stop else str(_("Usable"))


def _state(row: Commitment) -> str:
    if row.state == "issued" and row.requirement.demand.is_shipment:
        return str(_("Loaded"))
    return row.get_state_display()


BALANCES = (
    Column("lot", _("Lot"), lambda row: row.lot.code),
    Column("material", _("Material"), lambda row: row.lot.material.code),
    Column("name", _("Name"), lambda row: row.lot.material.name),
    Column("location", _("Location"), lambda row: row.location.code),
    Column("kind", _("Kind"), lambda row: row.location.get_kind_display()),
    Column("container", _("Container"), lambda row: code(row.container)),
    Column("quantity", _("Quantity"), lambda row: row.quantity),
    Column("reserved", _("Reserved"), lambda row: row.reserved),
    Column("bound", _("Bound"), lambda row: row.bound),
    Column("free", _("Free"), lambda row: row.free),
    Column("unit", _("Unit"), lambda row: row.lot.material.base_unit_id),
    Column("usable", _("Usable"), usability),
)


def _policy(row: Any) -> str:
    return row.dwell_policy.note if row.dwell_policy else ""


COMMITMENTS = (
    Column("demand", _("Demand"), lambda row: row.requirement.demand.reference),
    Column("line", _("Line"), lambda row: row.requirement.line),
    Column("lot", _("Lot"), lambda row: row.lot.code),
    Column("material", _("Material"), lambda row: row.lot.material.code),
    Column("name", _("Name"), lambda row: row.lot.material.name),
    Column("state", _("State"), _state),
    Column("quantity", _("Quantity"), lambda row: row.quantity),
    Column("unit", _("Unit"), lambda row: row.lot.material.base_unit_id),
    Column("location", pgettext_lazy("place", "At"), lambda row: row.location.code),
    Column("container", _("Container"), lambda row: code(row.container)),
    Column("since", _("Since"), lambda row: row.since),
    Column("warn_at", _("Dwell warning"), lambda row: row.warn_at),
    Column("due_at", _("Dwell limit ends"), lambda row: row.due_at),
    Column("dwell_policy", _("Dwell policy"), _policy),
    Column("needed_at", _("Needed"), lambda row: row.requirement.demand.needed_at),
    Column("usable", _("Usable"), usability),
)

SHIPMENTS = (
    Column("customer", _("Customer"), lambda row: row.target.code),
    Column("customer_name", _("Name of the customer"), lambda row: row.target.name),
    Column("demand", _("Shipment"), lambda row: row.reference),
    Column("carrier", _("Carrier"), lambda row: row.carrier),
    Column("material", _("Material"), lambda row: row.lot.material.code),
    Column("material_name", _("Name"), lambda row: row.lot.material.name),
    Column("lot", _("Lot"), lambda row: row.lot.number),
    Column("supplier_lot", _("Supplier lot"), lambda row: row.lot.supplier_lot),
    Column("expires_on", _("Expires"), lambda row: row.lot.expires_on),
    Column("quantity", _("Quantity"), lambda row: row.quantity),
    Column("unit", _("Unit"), lambda row: row.lot.material.base_unit_id),
    Column("shipped_at", _("Shipped"), lambda row: row.occurred_at),
    Column("recorded_at", _("Recorded at"), lambda row: row.recorded_at),
    Column("movement", _("Movement"), lambda row: row.pk),
)

CONSUMED = (
    Column("demand", _("Demand"), lambda one: one[0].reference),
    Column("work_center", _("Work centre"), lambda one: one[0].source.code),
    Column("lot", _("Lot"), lambda one: one[0].lot.code),
    Column("quantity", _("Quantity"), lambda one: one[0].quantity),
    Column("unit", _("Unit"), lambda one: one[0].lot.material.base_unit_id),
    Column("used_at", _("Used up"), lambda one: one[0].occurred_at),
    Column("made", _("What that demand made"), lambda one: ", ".join(one[1])),
    Column("movement", _("Movement"), lambda one: one[0].pk),
)

TASK = (
    Column("location", _("Lane"), lambda task: task.commitment.location.code),
    Column("container", _("Container"), lambda task: code(task.commitment.container)),
    Column("lot", _("Lot"), lambda task: task.commitment.lot.code),
    Column("name", _("Name"), lambda task: task.commitment.lot.material.name),
    Column("quantity", _("Still there"), lambda task: task.commitment.quantity),
    Column("raised_quantity", _("Of"), lambda task: task.quantity),
    Column("unit", _("Unit"), lambda task: task.commitment.lot.material.base_unit_id),
    Column("demand", _("Staged for"), lambda task: task.commitment.requirement.demand.reference),
    Column("hold", _("Hold"), lambda task: task.hold_id),
    Column("why", _("Why"), lambda task: task.hold.reason),
    Column("raised_at", _("Waiting since"), lambda task: task.raised_at),
)


def _of_task(column: Column) -> Column:
    return Column(column.name, column.label, lambda one: column.of(one[0]))


PULLS = (
    *map(_of_task, TASK),
    Column("done_at", _("Pulled"), lambda one: one[0].done_at),
    Column("moved", _("What was done"), lambda one: one[1] and one[1].get_kind_display()),
    Column("moved_to", _("To"), lambda one: one[1] and one[1].target.code),
    Column("moved_by", _("Who"), lambda one: full_name(one[1].actor) if one[1] else ""),
)


PICKS = (
    Column("location", _("Location"), lambda at: at.location.code),
    Column("lot", _("Lot"), lambda at: at.lot.code),
    Column("container", _("Container"), lambda at: code(at.container)),
    Column("material", _("Material"), lambda at: at.lot.material.code),
    Column("name", _("Name"), lambda at: at.lot.material.name),
    Column("quantity", _("Quantity"), lambda at: at.quantity),
    Column("unit", _("Unit"), lambda at: at.lot.material.base_unit_id),
    Column("demand", _("Demand"), lambda at: at.requirement.demand.reference),
    Column("line", _("Line"), lambda at: at.requirement.line),
    Column("reserved", _("Reserved"), lambda at: at.reserved),
    Column("usable", _("Usable"), usability),
)

SHORT = (
    Column("demand", _("Demand"), lambda one: one.requirement.demand.reference),
    Column("line", _("Line"), lambda one: one.requirement.line),
    Column("material", _("Material"), lambda one: one.requirement.material.code),
    Column("name", _("Name"), lambda one: one.requirement.material.name),
    Column("short", _("Short"), lambda one: one.short),
    Column("unit", _("Unit"), lambda one: one.requirement.material.base_unit_id),
)


def _event(name: str) -> Any:
    return lambda event: getattr(event, name)


EVENTS = (
    Column("recorded_at", _("Recorded at"), _event("recorded_at")),
    Column("occurred_at", _("Occurred at"), _event("occurred_at")),
    Column("what", _("What"), _event("title")),
    Column("detail", _("Detail"), _event("detail")),
    Column("who", _("Who"), _event("who")),
    Column("surface", _("Through"), _event("surface")),
    Column("why", _("Why"), _event("why")),
    Column("kind", _("Kind"), _event("kind")),
    Column("number", _("Number"), lambda event: getattr(event.source, "pk", None)),
)
