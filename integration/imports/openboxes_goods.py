"""OpenBoxes' products, stock, levels and stock lists as materials, receipts and demands."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from integration.imports import demands, materials, stock
from integration.imports.columns import Column, number, rows_of, us_day
from integration.imports.loading import Load
from integration.imports.openboxes_places import Cells, renamed, translated
from integration.imports.reading import Sheet
from inventory.errors import Refused
from inventory.models import Location, LocationKind, LotStatus, Material, MaterialKind, Site
from staging.models import Demand, DemandKind

PRODUCT_HEADERS = {
    "code": "ProductCode", "name": "Name", "category": "Category", "base_unit": "UnitOfMeasure",
    "initial_status": "LotAndExpiryControl", "is_active": "Active",
}  # fmt: skip
LEVEL_HEADERS = {"material": "Product code", "safety_stock": "Min quantity"}
STOCK_HEADERS = {
    "material": "Product code", "lot": "Lot number", "expires_on": "Expiration date",
    "location": "Bin location", "quantity": "Physical QOH",
}  # fmt: skip
LIST_HEADERS = {"material": "product_code", "quantity": "quantity"}

UNITS = {"each": "EA", "kilogram": "KGM", "gram": "GRM", "liter": "LTR", "milliliter": "MLT"}
"""OpenBoxes' words for units, and their UN/CEFACT codes."""

REMARKS = {
    "ColdChain": _("cold chain"),
    "ControlledSubstance": _("controlled"),
    "HazardousMaterial": _("hazardous"),
}
"""Marks of a product that are kept with its category."""

LEVEL_COLUMNS = (
    Column("material", _("Code of the material."), required=True, names=Material),
    Column("safety_stock", _("In the base unit."), number),
)

LEAD_TIME = timedelta(days=7)
"""A stock list has no date: its first shipment is needed so long after it was brought."""


def load_products(sheet: Sheet, owner: str, load: Load) -> None:
    """Products become materials. Those under lot and expiry control start in quarantine, the
    others are usable as they come. Refuses, by row, `unit_unknown`."""

    def translate(cells: Cells) -> dict[str, str]:
        controlled = cells["LotAndExpiryControl"].casefold() == "true"
        return renamed(cells, PRODUCT_HEADERS) | {
            "kind": MaterialKind.FINISHED,
            "category": _category(cells),
            "base_unit": _unit(cells["UnitOfMeasure"]),
            "initial_status": LotStatus.QUARANTINE if controlled else LotStatus.RELEASED,
        }

    materials.load(list(translated(sheet.records, translate, load)), load)


def _category(cells: Cells) -> str:
    remarks = [str(word) for mark, word in REMARKS.items() if cells.get(mark, "") == "TRUE"]
    category = cells.get("Category", "")
    return f"{category} ({', '.join(remarks)})" if remarks else category


def _unit(word: str) -> str:
    code = UNITS.get(word.casefold())
    if code is None:
        raise Refused(
            _("The unit “%(word)s” is not known."),
            code="unit_unknown",
            field="base_unit",
            hint=_("Known are: %s.") % ", ".join(UNITS),
            word=word,
        )
    return code


def load_levels(sheet: Sheet, owner: str, load: Load) -> None:
    """The minimum quantity becomes the material's safety stock."""

    def translate(cells: Cells) -> dict[str, str]:
        return renamed(cells, LEVEL_HEADERS)

    records = list(translated(sheet.records, translate, load))
    materials.change(rows_of(records, LEVEL_COLUMNS, load.report), load)


def load_stock(sheet: Sheet, owner: str, load: Load) -> None:
    """A warehouse's stock is received into its bins, under the name of the file.

    Refuses, for the file, `site_unknown`; by row, `unknown_bin`, `ambiguous_bin`, `not_a_date`.
    """
    site = _site_of(owner)
    bins: dict[str, list[str]] = defaultdict(list)
    storage = Location.objects.filter(site=site, kind=LocationKind.STORAGE)
    for name, code in storage.values_list("name", "code"):
        bins[name].append(code)

    def translate(cells: Cells) -> dict[str, str]:
        expiry = cells.get("Expiration date", "")
        return renamed(cells, STOCK_HEADERS) | {
            "location": _bin(cells["Bin location"], bins),
            "quantity": cells["Physical QOH"] or cells.get("OB QOH", ""),
            "expires_on": _iso(expiry) if expiry else "",
            "reference": sheet.name,
        }

    stock.load(list(translated(sheet.records, translate, load)), load)


def _iso(cell: str) -> str:
    try:
        return us_day(cell).isoformat()
    except Refused as refusal:
        refusal.field = "expires_on"
        raise


def _bin(name: str, bins: Mapping[str, list[str]]) -> str:
    found = bins.get(name, [])
    if name and len(found) != 1:
        raise Refused(
            _("There are several bins “%(name)s” at this site.")
            if found
            else _("There is no bin “%(name)s” at this site."),
            code="ambiguous_bin" if found else "unknown_bin",
            field="location",
            hint=_("It may be one of: %s.") % ", ".join(found)
            if found
            else _("Add it to binLocations.csv, or correct the name."),
            name=name,
        )
    return found[0] if found else ""


def load_list(sheet: Sheet, owner: str, load: Load) -> None:
    """A stock list becomes a shipment from the site to the customer of its name.

    Refuses, for the file, `site_unknown` and `customer_unknown`.
    """
    site, customer = _site_of(owner), _customer_of(owner)
    reference = f"STOCKLIST-{owner.replace(' ', '-').upper()}"
    known = Demand.objects.filter(reference=reference).exists()
    common = {
        "reference": reference, "kind": DemandKind.SHIPMENT.value, "site": site.code,
        "customer": customer.code,
        # Bringing the list again must not put the shipment off.
        "needed_at": "" if known else (load.at + LEAD_TIME).isoformat(),
    }  # fmt: skip

    def translate(cells: Cells) -> dict[str, str]:
        return renamed(cells, LIST_HEADERS) | common

    demands.load(list(translated(sheet.records, translate, load)), load)


def _site_of(owner: str) -> Site:
    found = [s for s in Site.objects.all() if s.name.casefold().startswith(owner)]
    if len(found) != 1:
        raise Refused(
            _("The file's name does not say which site it is of."),
            code="site_unknown",
            hint=_("Begin it with the name of the site."),
        )
    return found[0]


def _customer_of(owner: str) -> Location:
    customers = Location.objects.filter(kind=LocationKind.CUSTOMER)
    found = [c for c in customers if c.name.casefold().startswith(owner)]
    if len(found) != 1:
        raise Refused(
            _("The file's name does not say which customer it is for."),
            code="customer_unknown",
            hint=_("Begin it with the name of the customer."),
        )
    return found[0]


def pass_over(sheet: Sheet, owner: str, load: Load) -> None:
    """Catalogues group products for ordering; there is nothing to stage by them."""
    words = _("Catalogues are not used here: %(rows)s rows were passed over.")
    load.report.note(None, "", "not_used", str(words) % {"rows": len(sheet.records)})
