"""Materials from a file: set up where they are new, changed where they differ."""

from collections.abc import Sequence
from copy import copy
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from integration.imports.columns import (
    Column,
    Row,
    number,
    one_of,
    rows_of,
    text,
    whole_number,
    yes_no,
)
from integration.imports.columns import hours as in_hours
from integration.imports.loading import Load, keep, once_each
from integration.imports.reading import Record
from inventory.models import Condition, LotStatus, Material, MaterialKind, Tracking, Unit

CODE = Column("code", _("The material's code; a known code changes that material."), text(60),
              required=True)  # fmt: skip
COLUMNS = (
    CODE,
    Column("name", _("Name.")),
    Column("kind", _("raw, component, packaging, wip or finished."), one_of(*MaterialKind.values)),
    Column("category", _("Any grouping of your own."), text(80)),
    Column("base_unit", _("UN/CEFACT code in which it is counted: EA, KGM, LTR …"), names=Unit),
    Column("gtin", _("8, 12, 13 or 14 digits."), text(14)),
    Column("tracking", _("lot or serial."), one_of(*Tracking.values)),
    Column("initial_status", _("Status on receipt: quarantine or released."),
           one_of(LotStatus.QUARANTINE, LotStatus.RELEASED)),
    Column("shelf_life_days", _("Days from making to expiry."), whole_number),
    Column("retest_days", _("Days from making to retest."), whole_number),
    Column("min_remaining_days", _("Days that must remain to stage or ship it."), whole_number),
    Column("storage_condition", _("frozen, 2-8, 15-25 or ambient."), one_of(*Condition.values)),
    Column("out_of_storage_hours", _("How long a lot may be outside it, in hours."), in_hours),
    Column("safety_stock", _("In the base unit."), number),
    Column("dwell_hours", _("How long it may stay staged, in hours."), in_hours),
    Column("is_active", _("yes or no."), yes_no),
)  # fmt: skip

STEP = Decimal("0.000001")


def load(records: Sequence[Record], load: Load) -> None:
    """Keep each row's material. An empty cell leaves what is there."""
    rows = once_each(rows_of(records, COLUMNS, load.report), load.report, CODE.name)
    known = Material.objects.in_bulk([row.values["code"] for row in rows], field_name="code")
    for row in rows:
        found = known.get(row.values["code"])
        keep(_filled(copy(found) if found else Material(), row), found, row, load)


def change(rows: list[Row], load: Load) -> None:
    """Change materials that are there; each row names its material. Nothing is set up."""
    for row in once_each(rows, load.report, "material"):
        found: Material = row.values["material"]
        keep(_filled(copy(found), row), found, row, load)


def _filled(material: Material, row: Row) -> Material:
    for name, value in row.values.items():
        if name == "dwell_hours":
            material.dwell_limit = value
        elif name == "out_of_storage_hours":
            material.out_of_storage_budget = value
        elif name == "safety_stock":
            # As the database gives it back, so that an equal number is no change.
            material.safety_stock = value.quantize(STEP)
        elif name != "material":
            setattr(material, name, value)
    return material
