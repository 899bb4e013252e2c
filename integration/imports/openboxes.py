"""OpenBoxes' exports, translated into our own kinds of file.

Which export a file is, its name says. The stock of a warehouse and a stock list don't say whose
they are either: `bostonWarehouseInventory.csv` is the stock of the site “Boston Warehouse”, and
`bostonStocklistItems.csv` what the customer whose name begins with “Boston” gets from the site
whose name begins so.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from integration.imports import openboxes_goods as goods
from integration.imports import openboxes_places as places
from integration.imports.loading import Load
from integration.imports.reading import Sheet, read, require_columns
from integration.imports.run import Job
from inventory.errors import Refused


@dataclass(frozen=True, slots=True)
class Export:
    """One of the exports. `headers` are our columns and the export's; `needs` must be there."""

    pattern: str
    needs: tuple[str, ...]
    headers: Mapping[str, str]
    load: Callable[[Sheet, str, Load], None]
    title: StrPromise | None = None

    def job(self, path: Path) -> Job:
        """Take the file in, under its name."""
        data = path.read_bytes()

        def bring(load: Load) -> None:
            sheet = read(path.name, data)
            require_columns(sheet, *self.needs)
            self.load(sheet, owner(path.name), load)

        return Job(
            str(self.title or path.name), bring, self.headers, hashlib.sha256(data).hexdigest()
        )


EXPORTS = (
    Export("locations.csv", ("name", "locationType", "locationNumber"),
           places.PARTNER_HEADERS, places.load_locations),
    Export("binLocations.csv", ("name", "parentLocation", "locationNumber"),
           places.BIN_HEADERS, places.load_bins),
    Export("locations.csv", ("locationType", "locationNumber"),
           {}, places.load_staging, _("(places for staging)")),
    Export("products.csv", ("ProductCode", "Name", "UnitOfMeasure", "LotAndExpiryControl"),
           goods.PRODUCT_HEADERS, goods.load_products),
    Export("inventoryLevels.csv", ("Product code", "Min quantity"),
           goods.LEVEL_HEADERS, goods.load_levels),
    Export("*Inventory.csv", ("Product code", "Lot number", "Bin location", "Physical QOH"),
           goods.STOCK_HEADERS, goods.load_stock),
    Export("*StocklistItems.csv", ("product_code", "quantity"),
           goods.LIST_HEADERS, goods.load_list),
    Export("productCatalogItems.csv", ("productCatalogCode", "productCode"),
           {}, goods.pass_over),
)  # fmt: skip
"""In the order in which they build on each other."""


def jobs(directory: Path) -> list[Job]:
    """The exports that a folder holds. Other files in it are left alone.

    Refuses `folder_without_exports`.
    """
    files = sorted(directory.glob("*.csv")) if directory.is_dir() else []
    found = [
        export.job(path)
        for export in EXPORTS
        for path in files
        if fnmatch(path.name, export.pattern)
    ]
    if not found:
        raise Refused(
            _("There is no export of OpenBoxes in %(folder)s."),
            code="folder_without_exports",
            hint=_("Expected are files like %s.") % ", ".join(export.pattern for export in EXPORTS),
            folder=directory,
        )
    return found


def owner(name: str) -> str:
    """The words before what the export is: `boston warehouse` of `bostonWarehouseInventory.csv`."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name.removesuffix(".csv"))
    known = ("Inventory", "Stocklist", "Items")
    return " ".join(word for word in words if word not in known).casefold()
