"""Demands from a file: rows of one reference are one demand, taken whole or not at all."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from integration.imports.columns import Column, Row, moment, number, one_of, rows_of, text
from integration.imports.loading import Load, once_each
from integration.imports.reading import Record
from inventory.errors import Refused
from inventory.models import Location, Lot, Material, Site, Unit
from inventory.units import to_base
from staging.actions import DemandChange, Need, NewDemand, change_demand, create_demand
from staging.models import Demand, DemandKind

COLUMNS = (
    Column("reference", _("As the ERP or MES knows it; rows of one reference are one demand."),
           text(80), required=True),
    Column("kind", _("production, operation or shipment."), one_of(*DemandKind.values),
           required=True),
    Column("site", _("Code of the site."), required=True, names=Site),
    Column("needed_at", _("Date and time, like 2026-12-31 14:30."), moment),
    Column("customer", _("For shipments: code of the customer."), names=Location),
    Column("work_center", _("For orders and operations: code of the work centre."),
           names=Location),
    Column("route", _("For shipments."), text(60)),
    Column("carrier", _("For shipments."), text(60)),
    Column("product", _("Code of what it makes."), names=Material),
    Column("material", _("Code of a material it needs."), required=True, names=Material),
    Column("quantity", _("How much. A row with 0 is left out."), number, required=True),
    Column("unit", _("Empty: the material's base unit."), names=Unit),
    Column("lot", _("Only if this very lot must be used."), names=Lot),
)  # fmt: skip

OF_DEMAND = ("kind", "site", "needed_at", "customer", "work_center", "route", "carrier", "product")
CHANGEABLE = ("needed_at", "route", "carrier")
FIXED = ("kind", "site", "customer", "work_center", "product")


def load(records: Sequence[Record], load: Load) -> None:
    """Create each demand, or change it where it differs.

    Refuses, by row, `demand_incomplete`, `rows_disagree`, `demand_differs`, and as the actions
    do; a demand of which one row is bad is not taken at all.
    """
    rows = rows_of(records, COLUMNS, load.report)
    kept = once_each(rows, load.report, "material", "lot", "reference")
    good = {row.line for row in kept}
    bad = {record.cells.get("reference") for record in records if record.line not in good}
    groups: dict[str, list[Row]] = {}
    for row in kept:
        groups.setdefault(row.values["reference"], []).append(row)
    known = Demand.objects.prefetch_related("requirements").in_bulk(groups, field_name="reference")
    for reference, group in groups.items():
        if reference in bad:
            _refuse_all(group, load, _incomplete(reference))
        elif wanted := [row for row in group if not _is_none(row, load)]:
            _keep(wanted, known.get(reference), load)


def _is_none(row: Row, load: Load) -> bool:
    if row.values["quantity"] != 0:
        return False
    load.report.skip(row.line, "quantity", "quantity_zero", _("Nothing of it is needed."))
    return True


def _refuse_all(rows: Sequence[Row], load: Load, error: ValidationError) -> None:
    for row in rows:
        load.report.refuse(row.line, error)


def _incomplete(reference: str) -> Refused:
    return Refused(
        _("Another row of %(reference)s is not in order."),
        code="demand_incomplete",
        field="reference",
        hint=_("A demand is taken whole, so that nothing is missing from its kit."),
        reference=reference,
    )


def _keep(rows: Sequence[Row], found: Demand | None, load: Load) -> None:
    try:
        common = _common(rows)
        if found is None:
            _create(rows, common, load)
            load.report.created += len(rows)
        else:
            _change(rows, common, found, load)
    except Refused as refusal:
        # A refused need carries no row of its own: the whole demand was refused.
        _refuse_all(rows, load, refusal)
    except ValidationError as error:
        _refuse_all(rows, load, error)


def _common(rows: Sequence[Row]) -> dict[str, Any]:
    """What the rows say of the demand itself. Refuses `rows_disagree`."""
    common: dict[str, Any] = {}
    for row in rows:
        for name in OF_DEMAND:
            value = row.values.get(name)
            if value is not None and common.setdefault(name, value) != value:
                raise Refused(
                    _("The rows of this demand differ in it."),
                    code="rows_disagree",
                    field=name,
                    hint=_("Write the same in every row, or in the first one only."),
                )
    return common


def _need(row: Row) -> Need:
    names = ("material", "quantity", "unit", "lot")
    return Need(**{name: row.values[name] for name in names if name in row.values})


def _create(rows: Sequence[Row], common: dict[str, Any], load: Load) -> None:
    if "needed_at" not in common:
        raise Refused(_("Say when it is needed."), code="value_needed", field="needed_at")
    demand = NewDemand(
        reference=rows[0].values["reference"],
        requirements=tuple(_need(row) for row in rows),
        **common,
    )
    create_demand(lines=[demand], by=load.by, at=load.at)


def _change(rows: Sequence[Row], common: dict[str, Any], demand: Demand, load: Load) -> None:
    for name in FIXED:
        if name in common and getattr(demand, name) != common[name]:
            raise Refused(
                _("The demand is known with another value: %(known)s."),
                code="demand_differs",
                field=name,
                hint=_("Cancel it and use another reference, or correct the row."),
                known=getattr(demand, name) or _("none"),
            )
    known = {(row.material_id, row.lot_id): row.quantity for row in demand.requirements.all()}
    differing = [row for row in rows if _quantity(row) != known.get(_key(row))]
    changes = {
        name: common[name]
        for name in CHANGEABLE
        if name in common and getattr(demand, name) != common[name]
    }
    if differing or changes:
        needs = tuple(_need(row) for row in differing)
        change = DemandChange(demand=demand, reason=load.reason, requirements=needs, **changes)
        change_demand(lines=[change], by=load.by, at=load.at)
    changed = len(rows) if changes else len(differing)
    load.report.changed += changed
    load.report.unchanged += len(rows) - changed


def _key(row: Row) -> tuple[int, int | None]:
    lot: Lot | None = row.values.get("lot")
    return row.values["material"].pk, lot.pk if lot else None


def _quantity(row: Row) -> Decimal:
    return to_base(row.values["material"], row.values["quantity"], row.values.get("unit"))
