"""What a benchmark found, as a table for people and as JSON for programs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from statistics import quantiles
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One line of the table.

    `value` is Forestage's own figure in `unit`; `beside` what `beside_what` reached in the same
    unit, and `ratio` how the two compare, as the section's heading says. `more` holds what else
    was measured, such as percentiles, for the JSON.
    """

    section: str
    name: str
    value: float
    unit: str
    beside: float | None = None
    beside_what: str = ""
    ratio: float | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests that were answered in some seconds, and how long each took, in seconds."""

    requests: int
    seconds: float
    taken: Sequence[float]

    def per_second(self, lines: int) -> float:
        return self.requests * lines / self.seconds

    def percentiles(self) -> dict[str, float]:
        """The 50th, 95th and 99th of a hundred, in milliseconds."""
        if len(self.taken) < 2:
            return {}
        cuts = quantiles(self.taken, n=100)
        return {f"p{cut}_ms": round(cuts[cut - 1] * 1000, 2) for cut in (50, 95, 99)}


def compared(
    section: str, name: str, ours: Rate, theirs: Rate, *, lines: int, beside_what: str
) -> Measure:
    """Moves a second of two sides; the ratio is the share of theirs that ours reaches."""
    value, beside = ours.per_second(lines), theirs.per_second(lines)
    return Measure(
        section=section,
        name=name,
        value=value,
        unit="moves/s",
        beside=beside,
        beside_what=beside_what,
        ratio=value / beside if beside else None,
        more={**ours.percentiles(), "beside": theirs.percentiles()},
    )


def table(measures: Iterable[Measure]) -> str:
    """The table, section by section, as Markdown."""
    parts = []
    for section, rows in groupby(measures, key=lambda measure: measure.section):
        lines = [_row(measure) for measure in rows]
        head = ["", "Forestage", "beside it", "ratio", "p50 / p95 / p99", "beside it"]
        parts.append(f"### {section}\n\n{_aligned([head, *lines])}")
    return "\n\n".join(parts)


def line(measure: Measure) -> str:
    """One measure in a line."""
    return " | ".join(cell for cell in _row(measure) if cell)


def _row(measure: Measure) -> list[str]:
    beside = f"{_figure(measure.beside)} ({measure.beside_what})" if measure.beside else ""
    return [
        measure.name,
        f"{_figure(measure.value)} {measure.unit}" if measure.value else "",
        beside,
        f"{measure.ratio:.2f}" if measure.ratio is not None else "",
        _cuts(measure.more),
        _cuts(measure.more.get("beside", {})),
    ]


def _cuts(percentiles: Mapping[str, Any]) -> str:
    cuts = [percentiles.get(f"p{cut}_ms") for cut in (50, 95, 99)]
    return " / ".join(f"{cut:g}" for cut in cuts) + " ms" if None not in cuts else ""


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    drawn = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([drawn[0], rule, *drawn[1:]])


def as_json(measures: Iterable[Measure], about: dict[str, Any]) -> dict[str, Any]:
    """Everything that was measured, and on what."""
    return {"about": about, "measures": [asdict(measure) for measure in measures]}
