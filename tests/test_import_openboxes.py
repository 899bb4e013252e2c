"""OpenBoxes' exports: the real ones where they are at hand, and small ones of the same shape."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integration.imports import openboxes
from integration.imports.report import FileReport, Level
from integration.imports.run import run
from inventory import audit
from inventory.models import AuditEntry, Balance, Location, Lot, Material, Movement, Site, Surface
from staging import checks
from staging.models import Demand
from tests.openboxes import FOLDER, needs_exports

pytestmark = pytest.mark.django_db

LOCATIONS = (
    "name,active,locationType,parentLocation,locationNumber,locationGroup\n"
    "Acme,TRUE,Supplier,,ACME,\n"
    "Riga Clinic,TRUE,Dispensary,,RIGC,East\n"
    "Riga Warehouse,TRUE,Depot,,RIGW,East\n"
    "Oslo Warehouse,TRUE,Depot,,OSLW,West\n"
)
BINS = (
    "name,active,locationType,parentLocation,locationNumber\n"
    "SHELF,TRUE,Bin Location,Riga Warehouse,RIG-1\n"
    "TWIN,TRUE,Bin Location,Riga Warehouse,RIG-2\n"
    "TWIN,TRUE,Bin Location,Riga Warehouse,RIG-3\n"
    "SHELF,TRUE,Bin Location,Nowhere,NOW-1\n"
)
PRODUCTS = (
    "Active,ProductCode,Name,Category,UnitOfMeasure,LotAndExpiryControl,ColdChain,"
    "ControlledSubstance\n"
    "TRUE,P1,Morphine,Pain,Each,TRUE,TRUE,TRUE\n"
    "TRUE,P2,Stapler,Office,Each,,,\n"
    "FALSE,P3,Fax machine,Office,Each,,,\n"
    "TRUE,P4,Rope,Office,Fathom,,,\n"
)
STOCK = (
    "Product code,Product name,Lot number,Expiration date,Bin location,OB QOH,Physical QOH\n"
    "P1,Morphine,A/1,01/31/2020,SHELF,,10\n"
    "P1,Morphine,A2,31/01/2020,SHELF,,10\n"
    "P1,Morphine,,,SHELF,,10\n"
    "P2,Stapler,,,SHELF,7,\n"
    "P2,Stapler,,,TWIN,,7\n"
    "P2,Stapler,,,ATTIC,,7\n"
    "P9,Unheard of,,,SHELF,,7\n"
)
LIST = "product_code,product_name,quantity\nP1,Morphine,4\nP2,Stapler,5\n"


def bring(folder: Path, *, commit: bool = True) -> dict[str, FileReport]:
    by = audit.system(Surface.IMPORT)
    reports = run(
        openboxes.jobs(folder), commit=commit, all_or_nothing=False, by=by, at=timezone.now()
    )
    return {report.name: report for report in reports}


def counts(reports: dict[str, FileReport]) -> dict[str, list[int]]:
    """By file: created, changed, unchanged, skipped, refused."""
    return {name: list(report.counts().values()) for name, report in reports.items()}


def findings(report: FileReport, level: Level = Level.REFUSED) -> set[tuple[int | None, str, str]]:
    return {(f.line, f.column, f.code) for f in report.findings if f.level == level}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "locations.csv": LOCATIONS,
        "binLocations.csv": BINS,
        "products.csv": PRODUCTS,
        "rigaWarehouseInventory.csv": STOCK,
        "rigaStocklistItems.csv": LIST,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_depots_are_sites_and_partners_go_with_the_depot_of_their_name(folder: Path) -> None:
    bring(folder)
    assert set(Site.objects.values_list("code", flat=True)) == {"RIGW", "OSLW"}
    clinic, acme = (Location.objects.get(code=code) for code in ("RIGC", "ACME"))
    assert (clinic.kind, clinic.site.code) == ("customer", "RIGW")
    assert (acme.kind, acme.site.code) == ("supplier", "RIGW")


def test_every_depot_can_stage_load_and_quarantine(folder: Path) -> None:
    bring(folder)
    kinds = Location.objects.filter(site__code="OSLW", code__startswith="OSLW-")
    assert {"staging", "transit", "quarantine"} <= set(kinds.values_list("kind", flat=True))


def test_bins_of_an_unknown_parent_are_refused_and_twins_pointed_out(folder: Path) -> None:
    report = bring(folder)["binLocations.csv"]
    assert findings(report) == {(5, "parentLocation", "unknown_parent")}
    assert findings(report, Level.NOTICE) == {(3, "name", "name_twice"), (4, "name", "name_twice")}
    assert report.created == 3


def test_products_become_materials_with_what_quality_needs(folder: Path) -> None:
    report = bring(folder)["products.csv"]
    assert findings(report) == {(5, "UnitOfMeasure", "unit_unknown")}
    morphine, stapler, fax = Material.objects.order_by("code")
    assert morphine.category == "Pain (cold chain, controlled)"
    assert (morphine.initial_status, stapler.initial_status) == ("quarantine", "released")
    assert (morphine.base_unit_id, fax.is_active) == ("EA", False)


def test_stock_comes_in_row_by_row_on_its_merits(folder: Path) -> None:
    report = bring(folder)["rigaWarehouseInventory.csv"]
    assert findings(report) == {
        (3, "Expiration date", "not_a_date"),
        (4, "Lot number", "number_needed"),
        (6, "Bin location", "ambiguous_bin"),
        (7, "Bin location", "unknown_bin"),
        (8, "Product code", "unknown_code"),
    }
    assert report.created == 2
    expired = Lot.objects.get(code="P1/A/1")
    assert (expired.status, expired.expires_on.isoformat()) == ("quarantine", "2020-01-31")
    assert Balance.objects.get(lot__code="P2/UNTRACKED").quantity == 7


def test_stock_list_is_a_shipment_that_coming_again_does_not_put_off(folder: Path) -> None:
    bring(folder)
    demand = Demand.objects.get(reference="STOCKLIST-RIGA")
    assert (demand.kind, demand.site.code, demand.customer.code) == ("shipment", "RIGW", "RIGC")
    assert demand.requirements.count() == 2
    assert bring(folder)["rigaStocklistItems.csv"].unchanged == 2
    demand.refresh_from_db()
    assert demand.needed_at == Demand.objects.get().needed_at


def test_file_that_is_nobodys_is_refused_as_a_whole(folder: Path) -> None:
    (folder / "parisWarehouseInventory.csv").write_text(STOCK)
    (folder / "osloStocklistItems.csv").write_text(LIST)
    reports = bring(folder)
    assert findings(reports["parisWarehouseInventory.csv"]) == {(None, "", "site_unknown")}
    assert findings(reports["osloStocklistItems.csv"]) == {(None, "", "customer_unknown")}


def test_wrong_file_under_a_known_name_is_refused(folder: Path) -> None:
    (folder / "products.csv").write_text("a,b\n1,2\n")
    assert findings(bring(folder)["products.csv"]) == {(None, "", "columns_missing")}


def test_folder_without_exports_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(CommandError, match="no export of OpenBoxes"):
            call_command("import_openboxes", str(path))


EXPECTED = {
    "locations.csv": [18, 0, 0, 0, 0],
    "binLocations.csv": [26, 0, 0, 0, 14],
    "(places for staging)": [9, 0, 0, 0, 0],
    "products.csv": [57, 0, 0, 0, 0],
    "inventoryLevels.csv": [0, 52, 0, 0, 0],
    "bostonWarehouseInventory.csv": [43, 0, 0, 14, 0],
    "bostonStocklistItems.csv": [52, 0, 0, 0, 0],
    "productCatalogItems.csv": [0, 0, 0, 0, 0],
}
"""Of the real exports: created, changed, unchanged, skipped, refused."""


@needs_exports
class TestRealExports:
    def test_dry_run_reports_everything_and_changes_nothing(self) -> None:
        before = AuditEntry.objects.count()
        out = StringIO()
        call_command("import_openboxes", str(FOLDER), stdout=out)
        assert "binLocations.csv:2:parentLocation: refused" in out.getvalue()
        assert "bostonWarehouseInventory.csv:4:Physical QOH: skipped" in out.getvalue()
        assert AuditEntry.objects.count() == before
        assert not Site.objects.exists()

    def test_counts(self) -> None:
        reports = bring(FOLDER)
        assert counts(reports) == EXPECTED
        assert {f.code for f in reports["binLocations.csv"].findings} == {
            "unknown_parent",
            "name_twice",
        }
        assert checks.breaches() == []

    def test_again_changes_nothing(self) -> None:
        bring(FOLDER)
        before = AuditEntry.objects.count(), Movement.objects.count()
        again = counts(bring(FOLDER))
        assert all(found[:2] == [0, 0] for found in again.values())
        assert again["bostonWarehouseInventory.csv"] == [0, 0, 43, 14, 0]
        assert (AuditEntry.objects.count(), Movement.objects.count()) == before

    def test_all_dated_lots_have_expired_and_wait_in_quarantine(self) -> None:
        bring(FOLDER)
        dated = Lot.objects.exclude(expires_on=None)
        assert dated.count() == 13
        assert not dated.exclude(status="quarantine").exists()
        assert not dated.filter(expires_on__gte=timezone.localdate()).exists()
        assert Lot.objects.filter(number="UNTRACKED", status="released").count() == 30

    def test_minimum_becomes_safety_stock(self) -> None:
        bring(FOLDER)
        assert Material.objects.get(code="QX039").safety_stock == 10000
