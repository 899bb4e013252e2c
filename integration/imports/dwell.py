"""Dwell policies from a file: into a draft, which somebody else puts into force."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from integration.imports.columns import Column, Row, day, one_of, rows_of, span, text
from integration.imports.loading import Load, refuse_rows
from integration.imports.reading import Record
from inventory import spans
from inventory.errors import Refused
from inventory.models import Location, Material, Purpose, Site
from staging import actions
from staging.actions.dwell_writing import ROWS
from staging.models import Counted, DemandKind, DwellPolicy, DwellSet

COLUMNS = (
    Column("note", _("Why."), required=True),
    Column("material", _("Code of the material; empty: any."), names=Material),
    Column("category", _("Category of materials, instead of one."), text(80)),
    Column("customer", _("Code of the customer; empty: any."), names=Location),
    Column("kind", _("production, operation or shipment, instead of a customer."),
           one_of(*DemandKind.values)),
    Column("lane", _("Code of the lane; empty: any."), names=Location),
    Column("area", _("Code of an area, for all lanes in it, instead of a lane."), names=Location),
    Column("site", _("Code of the site, instead of a lane or an area."), names=Site),
    Column("purpose", _("line_side, kitting, wip_buffer or shipping_lane; empty: any."),
           one_of(*Purpose.values)),
    Column("warn_after", _("Like 06:00:00, or 2 06:00:00 with days in front; empty: never."), span),
    Column("critical_after", _("Like warn_after; empty: it may stay."), span),
    Column("counted", _("elapsed or working time; empty: elapsed."), one_of(*Counted.values)),
    Column("valid_from", _("For what is staged from that day on."), day),
    Column("valid_until", _("For what is staged until that day."), day),
)  # fmt: skip
START = actions.Start
CHOICES: dict[str, Any] = {"kind": DemandKind, "purpose": Purpose, "counted": Counted}


def drafts() -> QuerySet[DwellSet]:
    """Drafts that can still come into force."""
    current = DwellSet.objects.in_force().values("version")
    rows: QuerySet[DwellSet] = DwellSet.objects.filter(activated_at=None)
    newer = Q(version__gt=Coalesce(Subquery(current), Value(0)))
    return rows.filter(newer).order_by("-version")


def load(records: Sequence[Record], load: Load) -> None:
    """Write the rows into the draft. A row says all of its policy: what is empty means any, or
    never. Known are policies of the same scope that begin on the same day.

    Refuses, by row, as `write_dwell` does; of the whole file, `draft_unknown`, `rules_active`.
    """
    rows = rows_of(records, COLUMNS, load.report)
    if load.report.refused or not rows:
        return
    into = _into(load.into)
    line = actions.DwellDraft(
        policies=tuple(map(_policy, rows)), reason=load.reason, note=load.reason[:200], **into
    )
    try:
        [draft] = actions.write_dwell(lines=[line], by=load.by, at=load.at)
    except ValidationError as error:
        refuse_rows(rows, error, ROWS, load.report)
        return
    told: dict[str, Any] = draft.told  # type: ignore[attr-defined]
    report = load.report
    report.created, report.changed = told["created"], told["changed"]
    report.unchanged = told["unchanged"]
    if report.created or report.changed:
        report.note(None, "", "draft_filled", _(
            "It is in draft %(draft)s. It counts once somebody who has not written it puts it into "
            "force."
        ) % {"draft": draft})  # fmt: skip


def _into(into: str) -> dict[str, Any]:
    """Which draft. Refuses `draft_unknown` for what is neither a version nor a way to start."""
    if into.isdecimal():
        return {"draft": int(into)}
    if into and into not in START.values:
        raise Refused(
            _("There is no draft “%(into)s”."),
            code="draft_unknown",
            hint=_("Write its version, in_force or empty."),
            into=into,
        )
    return {"starts": START(into or START.IN_FORCE)}


def _policy(row: Row) -> actions.PolicyLine:
    chosen = {name: kind(row.values[name]) for name, kind in CHOICES.items() if name in row.values}
    return actions.PolicyLine(**row.values | chosen)


def current() -> Iterator[list[Any]]:
    """What is in force, in the columns of the file."""
    rows = DwellPolicy.objects.in_force().select_related(
        "material", "customer", "lane", "area", "site"
    )
    for policy in rows.order_by("pk"):
        yield [_cell(getattr(policy, column.name), column) for column in COLUMNS]


def _cell(value: Any, column: Column) -> Any:
    if value is None:
        return None
    if column.names:
        return value.code
    return spans.written(value) if column.parse is span else value
