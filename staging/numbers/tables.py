"""How a set of figures is laid out, once for the page, the file and the API."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from inventory.fields import Words
from inventory.models import Location
from staging.charts.plot import Chart
from staging.charts.words import share as percent
from staging.numbers.asked import Asked

Row = dict[str, Any]
"""By the names of the columns. `url` leads further, `mark` says in words what is wrong."""


class Kind(StrEnum):
    """What a column holds, and so how it is written."""

    TEXT = "text"
    CODE = "code"
    COUNT = "count"
    QUANTITY = "quantity"
    SHARE = "share"
    SPAN = "span"
    MOMENT = "moment"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    label: Words
    kind: Kind = Kind.COUNT
    help: Words = ""
    words: Mapping[Any, Words] | None = None
    """What its codes mean, for people."""


LANE = (
    Column("lane", gettext_lazy("Lane"), Kind.CODE),
    Column("name", gettext_lazy("Name"), Kind.TEXT),
)


def lane_row(place: Location) -> Row:
    """What stands in the columns of `LANE`, leading to the lane's page."""
    url = reverse("staging:location", args=[place.code])
    return {"lane": place.code, "name": place.name, "url": url}


@dataclass(frozen=True, slots=True)
class Table:
    """One set of rows. `about` defines what they say."""

    name: str
    label: Words
    about: Words
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars and lines, with the words around them: what `parts/plot.html` takes.

    `legend` holds kinds with their names and what they come to; `each`: every step has its word
    under it.
    """

    chart: Chart
    axis: Sequence[str]
    label: str
    legend: Sequence[tuple[str, Words, str]] = ()
    lined: Sequence[str] = ()
    title: str = ""
    each: bool = False
    limit_label: str = ""
    mark: str = ""

    @property
    def first(self) -> str:
        return self.axis[0] if self.axis else ""

    @property
    def middle(self) -> str:
        return self.axis[len(self.axis) // 2] if self.axis else ""

    @property
    def last(self) -> str:
        return self.axis[-1] if self.axis else ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Shares as bars, one below the other: name, address, share and what it is a share of."""

    bars: Sequence[tuple[str, str, Decimal, str]]
    nothing: str

    @property
    def drawn(self) -> list[tuple[str, str, str, str, str]]:
        """With the length of each bar, and the share in words."""
        return [(name, url, f"{part:.2%}", percent(part), of) for name, url, part, of in self.bars]


@dataclass(slots=True)
class Found:
    """Rows by table, what is to be said of the whole, and whether anything was left out."""

    tables: dict[str, list[Row]]
    headline: list[tuple[str, str]] = field(default_factory=list)
    left_out: str = ""

    @property
    def complete(self) -> bool:
        return not self.left_out


Picture = Plot | Ranking | SafeString


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A set of figures: what they are called, narrowed down by, and how they come about.

    `draw` gives the pictures that stand over a table.
    """

    name: str
    label: Words
    about: Words
    icon: str
    asks: tuple[str, ...]
    tables: tuple[Table, ...]
    count: Callable[[Asked], Found]
    draw: Callable[[Asked, Found], dict[str, list[Picture]]]
    empty: Words

    def table(self, name: str) -> Table | None:
        return next((table for table in self.tables if table.name == name), None)


NOTHING = "–"  # noqa: RUF001
"""What stands where there is no number."""


def rate(part: int, whole: int) -> str:
    """A share in words."""
    found = share(part, whole)
    return NOTHING if found is None else percent(found)


def share(part: int, whole: int) -> Decimal | None:
    """A part of a whole, to four decimals; None of nothing."""
    return round(Decimal(part) / whole, 4) if whole else None


def exact(quantity: Decimal | None) -> Decimal:
    """A sum as the ledger counts: SQLite adds in floats, which the sixth decimal puts right."""
    return round(quantity or Decimal(0), 6) + 0
