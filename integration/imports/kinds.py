"""The kinds of file of our own, each with its columns, its loader and who may bring it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from integration.imports import demands, locations, materials, stock
from integration.imports.columns import Column
from integration.imports.loading import Load
from integration.imports.reading import Record, Sheet, require_columns
from inventory.errors import Refused
from inventory.fields import Words


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file can hold. `permissions` are what a person needs to bring one."""

    name: str
    label: Words
    columns: Sequence[Column]
    load: Callable[[Sequence[Record], Load], None]
    permissions: tuple[str, ...]

    @property
    def headers(self) -> list[str]:
        return [column.name for column in self.columns]

    def bring(self, sheet: Sheet, load: Load) -> None:
        """Load a file whose headers are ours.

        Refuses `columns_missing` and `column_unknown` for the file as a whole.
        """
        require_columns(sheet, *(column.name for column in self.columns if column.required))
        unknown = [name for name in sheet.headers if name and name not in self.headers]
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

KINDS: dict[str, Kind] = {kind.name: kind for kind in (MATERIALS, LOCATIONS, STOCK, DEMANDS)}


def allowed(permissions: Iterable[str]) -> list[Kind]:
    """The kinds that somebody with these permissions may bring."""
    held = set(permissions)
    return [kind for kind in KINDS.values() if held.issuperset(kind.permissions)]
