"""An inspection as people read it: a row a characteristic, its samples beside each other."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Prefetch, QuerySet

from inventory.models import Lot
from quality.models import Disposition, Inspection, InspectionResult


@dataclass
class Row:
    """One characteristic; results without samples stand in rows of their own."""

    first: InspectionResult
    results: list[InspectionResult] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return all(result.passed for result in self.results)

    @property
    def remarks(self) -> str:
        """What was said of any sample, each once."""
        said = (word for one in self.results for word in (one.remark, one.override) if word)
        return "; ".join(dict.fromkeys(said))


def rows_of(results: Iterable[InspectionResult]) -> list[Row]:
    """The results by characteristic, in the order in which they were recorded."""
    rows: dict[tuple[str, int | None], Row] = {}
    for result in results:
        key = (result.characteristic, None if result.sample else result.pk)
        rows.setdefault(key, Row(result)).results.append(result)
    return list(rows.values())


def inspections_of(lot: Lot) -> QuerySet[Inspection]:
    """The inspections of a lot, the newest first, each with its `rows` and dispositions."""
    dispositions = Prefetch("dispositions", Disposition.objects.select_related("actor"))
    found: QuerySet[Inspection] = Inspection.objects.filter(lot=lot)
    found = found.select_related("actor", "plan__material").prefetch_related(
        "results", "attachments", dispositions
    )
    for inspection in found:
        inspection.rows = rows_of(inspection.results.all())  # type: ignore[attr-defined]
    return found
