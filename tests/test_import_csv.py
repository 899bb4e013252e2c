"""Our own kinds of file: what comes in, what does not, and that coming twice is harmless."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integration.imports.kinds import KINDS
from integration.imports.report import FileReport, Level
from integration.imports.run import job_of, run
from inventory import audit
from inventory.actions import Reversal, reverse
from inventory.models import (
    AuditEntry,
    Balance,
    Location,
    Lot,
    Material,
    Movement,
    Site,
    Surface,
)
from staging.models import Demand
from tests.core.budget.counting import statements
from tests.plant import Plant

pytestmark = pytest.mark.django_db

TEMPLATES = Path(__file__).parent.parent / "docs" / "templates"


def bring(kind: str, text: str, *, commit: bool = True, whole: bool = False) -> FileReport:
    job = job_of(KINDS[kind], f"{kind}.csv", text.encode())
    by = audit.system(Surface.IMPORT)
    (report,) = run([job], commit=commit, all_or_nothing=whole, by=by, at=timezone.now())
    return report


def refusals(report: FileReport) -> set[tuple[int | None, str, str]]:
    found = [found for found in report.findings if found.level == Level.REFUSED]
    return {(finding.line, finding.column, finding.code) for finding in found}


def counts(report: FileReport) -> list[int]:
    """Created, changed, unchanged, skipped, refused."""
    return list(report.counts().values())


class TestMaterials:
    ROWS = (
        "code,name,kind,base_unit,initial_status,safety_stock,dwell_hours\n"
        "M-1,Sugar,raw,KGM,quarantine,10,8\n"
        "M-2,Label,packaging,EA,released,,\n"
    )

    def test_new_ones_are_set_up_and_audited(self) -> None:
        assert counts(bring("materials", self.ROWS)) == [2, 0, 0, 0, 0]
        sugar = Material.objects.get(code="M-1")
        assert (sugar.base_unit_id, sugar.safety_stock) == ("KGM", 10)
        entry = AuditEntry.objects.get(action="master.create", subject="M-1")
        assert entry.surface == Surface.IMPORT
        assert "materials.csv" in entry.reason

    def test_again_changes_nothing(self) -> None:
        bring("materials", self.ROWS)
        before = AuditEntry.objects.count()
        assert counts(bring("materials", self.ROWS)) == [0, 0, 2, 0, 0]
        assert AuditEntry.objects.count() == before

    def test_changes_are_recorded_and_empty_cells_leave_what_is_there(self) -> None:
        bring("materials", self.ROWS)
        report = bring("materials", "code,name,safety_stock\nM-1,Fine sugar,\nM-2,,5\n")
        assert counts(report) == [0, 2, 0, 0, 0]
        sugar, label = Material.objects.filter(code__startswith="M-").order_by("code")
        assert (sugar.name, sugar.safety_stock, label.name) == ("Fine sugar", 10, "Label")
        entry = AuditEntry.objects.get(action="master.change", subject="M-1")
        assert entry.changes == {"name": ["Sugar", "Fine sugar"]}

    def test_bad_rows_are_named_and_good_ones_kept(self) -> None:
        report = bring(
            "materials",
            "code,name,kind,base_unit,shelf_life_days\n"
            "M-1,Sugar,raw,KGM,\n"
            "M 2,Salt,raw,KGM,\n"
            "M-3,Oil,liquid,XYZ,ten\n"
            "M-4,Water,,,\n"
            "M-1,Sugar again,raw,KGM,\n",
        )
        assert refusals(report) == {
            (3, "code", "bad_code"),
            (4, "kind", "not_a_choice"),
            (4, "base_unit", "unknown_code"),
            (4, "shelf_life_days", "not_a_number"),
            (5, "kind", "blank"),
            (5, "base_unit", "null"),
            (6, "code", "row_twice"),
        }
        assert counts(report) == [1, 0, 0, 0, 4]
        assert Material.objects.get().code == "M-1"

    def test_all_or_nothing_keeps_nothing_if_one_row_is_bad(self) -> None:
        report = bring("materials", self.ROWS + "M-3,Oil,liquid,LTR,,,\n", whole=True)
        assert report.rolled_back
        assert counts(report) == [0, 0, 0, 0, 1]
        assert not Material.objects.exists()

    def test_dry_run_counts_and_leaves_nothing(self) -> None:
        assert counts(bring("materials", self.ROWS, commit=False)) == [2, 0, 0, 0, 0]
        assert not Material.objects.exists()
        assert not AuditEntry.objects.filter(action="import.file").exists()


class TestLocations:
    ROWS = (
        "code,name,kind,site,within,purpose,capacity,dwell_hours,time_zone\n"
        "S1,Plant,site,,,,,,Europe/Berlin\n"
        "S1-WH,Warehouse,storage,S1,,,,,\n"
        "S1-L1,Lane,staging,,S1-WH,line_side,4,8,\n"
        "ACME,Acme,customer,S1,,,,,\n"
    )

    def test_rows_build_on_rows_above(self) -> None:
        assert counts(bring("locations", self.ROWS)) == [4, 0, 0, 0, 0]
        lane = Location.objects.get(code="S1-L1")
        assert (lane.path, lane.site.code, lane.capacity) == ("S1-WH/S1-L1/", "S1", 4)
        assert Site.objects.get(code="S1").time_zone == "Europe/Berlin"

    def test_again_changes_nothing(self) -> None:
        bring("locations", self.ROWS)
        assert counts(bring("locations", self.ROWS)) == [0, 0, 4, 0, 0]

    def test_what_does_not_fit_is_refused(self) -> None:
        bring("locations", self.ROWS)
        report = bring(
            "locations",
            "code,name,kind,site,within,purpose\n"
            "A,A,storage,NOWHERE,,\n"
            "B,B,storage,,NOWHERE,\n"
            "C,C,storage,,,\n"
            "D,D,staging,S1,,\n"
            "S2,Other,site,,,\n"
            "E,E,storage,S2,S1-WH,\n"
            "F,F,scrap,S1,,\n",
        )
        assert refusals(report) == {
            (2, "site", "unknown_code"),
            (3, "within", "unknown_code"),
            (4, "site", "value_needed"),
            (5, "", "invalid"),
            (7, "within", "site_differs"),
            (8, "kind", "not_a_choice"),
        }
        assert report.created == 1

    def test_unknown_time_zone_is_refused(self) -> None:
        report = bring("locations", "code,name,kind,time_zone\nS1,Plant,site,Mars/Olympus\n")
        assert refusals(report) == {(2, "time_zone", "not_a_choice")}


class TestStock:
    def rows(self, plant: Plant, *rows: str) -> str:
        header = "material,lot,quantity,location,expires_on,reference"
        return "\n".join([header, *rows]) + "\n"

    def test_stock_is_received_in_one_call_into_quarantine(self, plant: Plant) -> None:
        material, a1, a2 = plant.material(), plant.a1.code, plant.a2.code
        report = bring("stock", self.rows(
            plant, f"{material},L1,5,{a1},2020-01-31,DN-1", f"{material},L2,7,{a2},,DN-1",
        ))  # fmt: skip
        assert counts(report) == [2, 0, 0, 0, 0]
        assert Movement.objects.values("batch").distinct().count() == 1
        expired = Lot.objects.get(number="L1")
        assert (expired.status, expired.expires_on.isoformat()) == ("quarantine", "2020-01-31")

    def test_again_receives_nothing(self, plant: Plant) -> None:
        row = f"{plant.material()},L1,5,{plant.a1.code},,DN-1"
        bring("stock", self.rows(plant, row))
        assert counts(bring("stock", self.rows(plant, row))) == [0, 0, 1, 0, 0]
        assert Balance.objects.get().quantity == 5

    def test_same_reference_with_another_quantity_is_refused(self, plant: Plant) -> None:
        material, a1 = plant.material(), plant.a1.code
        bring("stock", self.rows(plant, f"{material},L1,5,{a1},,DN-1"))
        report = bring("stock", self.rows(plant, f"{material},L1,6,{a1},,DN-1"))
        assert refusals(report) == {(2, "quantity", "received_differently")}

    def test_reversed_receipt_may_come_in_again(self, plant: Plant) -> None:
        row = self.rows(plant, f"{plant.material()},L1,5,{plant.a1.code},,DN-1")
        bring("stock", row)
        undo = Reversal(movement=Movement.objects.get(), reason="wrong file")
        reverse(lines=[undo], by=plant.operator, at=plant.now)
        assert bring("stock", row).created == 1

    def test_what_is_refused_is_taken_out_and_the_rest_received(self, plant: Plant) -> None:
        material, pieces, a1 = plant.material(), plant.pieces(), plant.a1.code
        bring("stock", self.rows(plant, f"{material},OLD,1,{a1},2030-01-01,DN-1"))
        report = bring("stock", self.rows(
            plant,
            f"{material},L1,5,{a1},,DN-2",
            f"{material},L2,5,{plant.l1.code},,DN-2",
            f"{pieces},L3,0.5,{a1},,DN-2",
            f"{material},OLD,5,{a1},2031-01-01,DN-2",
            f"{material},,5,{a1},,DN-2",
            f"{material},L1,5,{a1},,DN-2",
            f"{material},L4,-1,{a1},,DN-2",
            f"{material},L5,0,{a1},,DN-2",
            f"NOPE,L6,1,{a1},,DN-2",
            f"{material},L7,1,{a1},,",
        ))  # fmt: skip
        assert refusals(report) == {
            (3, "location", "wrong_location_kind"),
            (4, "quantity", "quantity_too_fine"),
            (5, "expires_on", "lot_differs"),
            (6, "lot", "number_needed"),
            (7, "lot", "row_twice"),
            (8, "quantity", "quantity_not_above_zero"),
            (10, "material", "unknown_code"),
            (11, "reference", "value_needed"),
        }
        assert counts(report) == [1, 0, 0, 1, 8]
        assert Lot.objects.filter(number="L1").exists()
        assert not Lot.objects.filter(number__in=["L2", "L3", "L4"]).exists()

    def test_what_needs_no_decision_may_come_without_a_number(self, plant: Plant) -> None:
        staples = plant.pieces(initial_status="released")
        report = bring("stock", self.rows(
            plant, f"{staples},,5,{plant.a1.code},,DN-1", f"{staples},,7,{plant.a2.code},,DN-1",
        ))  # fmt: skip
        assert report.created == 2
        lot = Lot.objects.get()
        assert (lot.code, lot.status) == (f"{staples}/UNTRACKED", "released")

    def test_what_expires_needs_a_number(self, plant: Plant) -> None:
        glue = plant.pieces(initial_status="released")
        report = bring("stock", self.rows(plant, f"{glue},,5,{plant.a1.code},2030-01-01,DN-1"))
        assert refusals(report) == {(2, "lot", "number_needed")}


class TestDemands:
    HEADER = "reference,kind,site,needed_at,customer,material,quantity\n"

    def rows(self, plant: Plant, *rows: str, needed: str = "2030-01-01 10:00") -> str:
        common = f"shipment,{plant.site},{needed},{plant.customer}"
        return self.HEADER + "".join(
            f"{row.split(',')[0]},{common},{','.join(row.split(',')[1:])}\n" for row in rows
        )

    def test_rows_of_a_reference_are_one_demand(self, plant: Plant) -> None:
        one, two = plant.material(), plant.material()
        report = bring("demands", self.rows(plant, f"S-1,{one},5", f"S-1,{two},6", f"S-2,{one},7"))
        assert counts(report) == [3, 0, 0, 0, 0]
        assert Demand.objects.get(reference="S-1").requirements.count() == 2

    def test_again_changes_nothing(self, plant: Plant) -> None:
        text = self.rows(plant, f"S-1,{plant.material()},5")
        bring("demands", text)
        assert counts(bring("demands", text)) == [0, 0, 1, 0, 0]

    def test_other_quantities_and_times_change_the_demand(self, plant: Plant) -> None:
        one, two = plant.material(), plant.material()
        bring("demands", self.rows(plant, f"S-1,{one},5", f"S-1,{two},6"))
        report = bring("demands", self.rows(plant, f"S-1,{one},8", f"S-1,{two},6"))
        assert counts(report) == [0, 1, 1, 0, 0]
        assert Demand.objects.get().requirements.get(material=one).quantity == 8
        later = self.rows(plant, f"S-1,{one},8", f"S-1,{two},6", needed="2030-02-01 10:00")
        assert counts(bring("demands", later)) == [0, 2, 0, 0, 0]

    def test_demand_with_a_bad_row_is_not_taken_at_all(self, plant: Plant) -> None:
        one = plant.material()
        report = bring("demands", self.rows(plant, f"S-1,{one},5", "S-1,NOPE,6", f"S-2,{one},7"))
        assert refusals(report) == {
            (2, "reference", "demand_incomplete"),
            (3, "material", "unknown_code"),
        }
        assert Demand.objects.get().reference == "S-2"

    def test_rows_that_repeat_or_disagree_are_refused(self, plant: Plant) -> None:
        one, two = plant.material(), plant.material()
        text = self.rows(plant, f"S-1,{one},5", f"S-1,{one},6")
        assert {code for *_place, code in refusals(bring("demands", text))} == {
            "row_twice",
            "demand_incomplete",
        }
        text = self.rows(plant, f"S-2,{one},5")
        text += self.rows(plant, f"S-2,{two},5", needed="2031-01-01 10:00").split("\n", 1)[1]
        assert {found[1:] for found in refusals(bring("demands", text))} == {
            ("needed_at", "rows_disagree")
        }

    def test_known_demand_of_another_customer_is_refused(self, plant: Plant) -> None:
        one = plant.material()
        bring("demands", self.rows(plant, f"S-1,{one},5"))
        other = bring("locations", f"code,name,kind,site\nOTHER,O,customer,{plant.site}\n")
        assert other.created == 1
        text = self.rows(plant, f"S-1,{one},5").replace(str(plant.customer), "OTHER")
        assert refusals(bring("demands", text)) == {(2, "customer", "demand_differs")}

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ("S-1,shipment,{site},,{customer},{material},5", "value_needed"),
            ("S-1,shipment,{site},2030-01-01 10:00,,{material},5", "customer_needed"),
            ("S 1,shipment,{site},2030-01-01 10:00,{customer},{material},5", "invalid"),
        ],
    )
    def test_what_the_action_refuses_is_reported(self, plant: Plant, row: str, code: str) -> None:
        names = {"site": plant.site, "customer": plant.customer, "material": plant.material()}
        report = bring("demands", self.HEADER + row.format(**names) + "\n")
        assert {found[2] for found in refusals(report)} == {code}
        assert not Demand.objects.exists()

    def test_zero_is_skipped(self, plant: Plant) -> None:
        report = bring("demands", self.rows(plant, f"S-1,{plant.material()},0"))
        assert counts(report) == [0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("product,name\nA,B\n", "columns_missing"),
        ("code,colour\nA,red\n", "column_unknown"),
        ("", "file_empty"),
    ],
)
def test_wrong_file_is_refused_as_a_whole(text: str, code: str) -> None:
    report = bring("materials", text)
    assert refusals(report) == {(None, "", code)}
    assert report.unusable


@pytest.mark.parametrize("kind", list(KINDS))
def test_template_has_our_headers(kind: str) -> None:
    headers = (TEMPLATES / f"{kind}.csv").read_text().splitlines()[0]
    assert headers.split(",") == KINDS[kind].headers


def test_templates_can_be_brought_in_together() -> None:
    for kind in ("locations", "materials", "stock", "demands", "site-calendars", "special-days",
                 "dwell-policies"):  # fmt: skip
        report = bring(kind, (TEMPLATES / f"{kind}.csv").read_text())
        assert refusals(report) == set(), kind
        assert report.created


def test_many_rows_take_few_statements(plant: Plant, django_assert_max_num_queries: Any) -> None:
    material, a1 = plant.material(), plant.a1.code
    rows = "".join(f"{material},L{n},1,{a1},DN-1\n" for n in range(200))
    with django_assert_max_num_queries(40):
        report = bring("stock", "material,lot,quantity,location,reference\n" + rows)
    assert report.created == 200


class TestCommand:
    def call(self, *arguments: str) -> str:
        out = StringIO()
        call_command("import_csv", *arguments, stdout=out)
        return out.getvalue()

    def test_dry_run_says_so_and_names_each_bad_row(self, tmp_path: Path) -> None:
        file = tmp_path / "m.csv"
        file.write_text("code,name,kind,base_unit\nM-1,Sugar,raw,KGM\nM-2,Oil,raw,XYZ\n")
        out = self.call("materials", str(file))
        assert "m.csv:3:base_unit: refused: There is no unit “XYZ”." in out
        assert "[unknown_code]" in out
        assert "dry run" in out
        assert not Material.objects.exists()

    def test_commit_keeps_and_names_who(self, tmp_path: Path) -> None:
        plant = Plant()
        file = tmp_path / "m.csv"
        file.write_text("code,name,kind,base_unit\nM-1,Sugar,raw,KGM\n")
        self.call("materials", str(file), "--commit", "--user", plant.operator.user.username)
        entry = AuditEntry.objects.get(action="import.file")
        assert entry.actor == plant.operator.user
        assert entry.facts["created"] == 1
        assert len(entry.facts["sha256"]) == 64

    @pytest.mark.parametrize("text", ["", "code,name,kind,base_unit\nM-1,Oil,raw,XYZ\n"])
    def test_file_that_leaves_nothing_ends_with_an_error(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "m.csv"
        file.write_text(text)
        with pytest.raises(CommandError, match=r"m\.csv"):
            self.call("materials", str(file), "--commit", "--all-or-nothing")

    def test_no_such_file_and_no_such_user(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="No such file"):
            self.call("materials", str(tmp_path / "none.csv"))
        file = tmp_path / "m.csv"
        file.write_text("code\n")
        with pytest.raises(CommandError, match="no user nobody"):
            self.call("materials", str(file), "--user", "nobody")


@pytest.mark.postgres
@pytest.mark.parametrize(("commit", "analyzed"), [(True, 1), (False, 0)])
def test_many_rows_are_made_known_to_the_planner(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, commit: bool, analyzed: int
) -> None:
    def looks(rows: int) -> int:
        text = "code,name,kind,base_unit\n" + "".join(f"NEW{n},n,raw,KGM\n" for n in range(rows))
        seen = statements(lambda: bring("materials", text, commit=commit))
        return sum(sql.startswith("ANALYZE") for sql in seen)

    monkeypatch.setattr("integration.imports.run.MANY", 3)
    assert looks(2) == 0
    assert looks(6) == analyzed
