"""What the loaders share: who imports, rows that come twice, and master data that may be there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.imports.columns import Row
from integration.imports.report import FileReport
from inventory import audit
from inventory.actions import save_master
from inventory.audit import Actor
from inventory.errors import Refused, row_of
from inventory.wording import recorded


@dataclass(frozen=True, slots=True)
class Load:
    """One file on its way in: who brings it, when, the report to write on, and where it goes, if
    that is a draft: a version, or what a new one starts with."""

    by: Actor
    at: datetime
    report: FileReport
    into: str = ""

    @property
    def reason(self) -> str:
        return recorded(_("Imported from %s")) % self.report.name


def once_each(rows: Iterable[Row], report: FileReport, *names: str) -> list[Row]:
    """The rows without those that repeat an earlier one in these columns: `row_twice`."""
    seen: dict[tuple[Any, ...], int] = {}
    kept = []
    for row in rows:
        key = tuple(row.values.get(name) for name in names)
        if key in seen:
            report.refuse(row.line, _twice(names[0], seen[key]))
        else:
            seen[key] = row.line
            kept.append(row)
    return kept


def _twice(column: str, line: int) -> Refused:
    return Refused(
        _("The same stands on line %(first)s already."),
        code="row_twice",
        field=column,
        hint=_("Keep one of the two."),
        first=line,
    )


def refuse_rows(rows: Sequence[Row], error: ValidationError, name: str, report: FileReport) -> None:
    """What is wrong with rows that were taken in together as `name`, each at its own. What is of
    no row is of the file."""
    found: list[tuple[str, ValidationError]]
    if isinstance(error, Refused):
        found = [(one.field or "", one) for one in error.all]
    else:
        by_field = getattr(error, "error_dict", None) or {"": error.error_list}
        found = [(field, one) for field, problems in by_field.items() for one in problems]
    for field, one in found:
        number, own = row_of(name, field)
        if isinstance(one, Refused):
            one.field = own
        report.refuse(None if number is None else rows[number].line, one, column=own)


def keep(thing: models.Model, before: models.Model | None, row: Row, load: Load) -> bool:
    """Save a row of master data if it is new or differs. Says whether it is there now."""
    report = load.report
    if before and not audit.differences(before, thing):
        report.unchanged += 1
        return True
    try:
        save_master(thing, by=load.by, at=load.at, reason=load.reason)
    except ValidationError as error:
        report.refuse(row.line, error)
        return False
    if before:
        report.changed += 1
    else:
        report.created += 1
    return True
