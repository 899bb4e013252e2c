"""The kinds of file of our own, each with its columns, its loader and who may bring it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from integration.imports import calendars, demands, dwell, locations, materials, stock
from integration.imports.columns import Column
from integration.imports.loading import Load
from integration.imports.reading import Record, Sheet, require_columns
from inventory.errors import Refused
from inventory.fields import Words


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file can hold. `permissions` are what a person needs to bring one.

    `whole` where a part of it would say something else than the file. `drafts` where it goes into
    a draft. `current` gives what is there in the columns of the file, `told` are columns that the
    API's own file has besides, which are passed over.
    """

    name: str
    label: Words
    columns: Sequence[Column]
    load: Callable[[Sequence[Record], Load], None]
    permissions: tuple[str, ...]
    whole: bool = False
    drafts: bool = False
    current: Callable[[], Iterable[Sequence[Any]]] | None = None
    told: tuple[str, ...] = ()

    @property
    def headers(self) -> list[str]:
        return [column.name for column in self.columns]

    def bring(self, sheet: Sheet, load: Load) -> None:
        """Load a file whose headers are ours.

        Refuses `columns_missing` and `column_unknown` for the file as a whole.
        """
        require_columns(sheet, *(column.name for column in self.columns if column.required))
        known = {*self.headers, *self.told}
        unknown = [name for name in sheet.headers if name and name not in known]
        if unknown:
            raise Refused(
                _("There is no column %(unknown)s in such a file."),
                code="column_unknown",
                hint=_("The columns are: %s.") % ", ".join(self.headers),
                unknown=", ".join(unknown),
            )
        self.load(sheet.records, load)


MATERIALS = Kind(
    "materials", _("Materials"), materials.COLUMNS, materials.load,
    ("inventory.add_material", "inventory.change_material"),
)  # fmt: skip
LOCATIONS = Kind(
    "locations", _("Sites and locations"), locations.COLUMNS, locations.load,
    ("inventory.add_site", "inventory.change_site", "inventory.add_location",
     "inventory.change_location"),
)  # fmt: skip
STOCK = Kind("stock", _("Stock to receive"), stock.COLUMNS, stock.load, ("inventory.receive",))
DEMANDS = Kind(
    "demands", _("Demands"), demands.COLUMNS, demands.load,
    ("staging.create_demand", "staging.change_demand"),
)  # fmt: skip
POLICIES = Kind(
    "dwell-policies", _("Dwell policies"), dwell.COLUMNS, dwell.load, ("staging.draft_dwell",),
    whole=True, drafts=True, current=dwell.current, told=("id", "version", "in_force", "rank"),
)  # fmt: skip
CALENDARS = Kind(
    "site-calendars", _("Site calendars"), calendars.COLUMNS, calendars.load,
    ("staging.put_calendar",), whole=True, current=calendars.current,
)  # fmt: skip
SPECIAL_DAYS = Kind(
    "special-days", _("Special days"), calendars.DAY_COLUMNS, calendars.load_days,
    ("staging.put_special_day",), whole=True, current=calendars.current_days, told=("id",),
)  # fmt: skip

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (MATERIALS, LOCATIONS, STOCK, DEMANDS, POLICIES, CALENDARS, SPECIAL_DAYS)
}


def allowed(permissions: Iterable[str]) -> list[Kind]:
    """The kinds that somebody with these permissions may bring."""
    held = set(permissions)
    return [kind for kind in KINDS.values() if held.issuperset(kind.permissions)]
