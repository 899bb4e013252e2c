"""Dwell policies, calendars and special days from files: whole or not at all, and back again."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.imports.kinds import KINDS
from integration.imports.report import FileReport
from integration.imports.run import job_of, run
from inventory import audit
from inventory.models import AuditEntry, Surface
from staging.models import DwellPolicy, DwellSet, Shift, SiteCalendar, SpecialDay
from tests.dwell.conftest import Policies
from tests.factories import UserFactory
from tests.plant import Plant
from tests.test_import_csv import counts, refusals


def bring(kind: str, text: str, into: str = "") -> FileReport:
    job = job_of(KINDS[kind], f"{kind}.csv", text.encode(), into=into)
    by = audit.system(Surface.IMPORT)
    (report,) = run([job], commit=True, all_or_nothing=False, by=by, at=timezone.now())
    return report


def at_the_desk(role: str) -> Client:
    client = Client()
    client.force_login(UserFactory(role=role, is_staff=True))
    return client


def exported(kind: str) -> str:
    answer = at_the_desk("supervisor").get(reverse("import-csv-current", args=[kind]))
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


class TestPolicies:
    HEAD = "note,material,lane,kind,warn_after,critical_after,counted,valid_from,valid_until\n"

    def test_they_go_into_a_draft_and_only_there(self, plant: Plant, in_force: Policies) -> None:
        before = in_force({"note": "All", "critical_after": 9})
        lane = plant.l1.code
        rows = f"Lane,,{lane},,01:00:00,06:00:00,,,\nOrders,,,production,,2 00:00:00,working,,\n"
        report = bring("dwell-policies", self.HEAD + rows)
        assert counts(report) == [2, 0, 0, 0, 0]
        assert [finding.code for finding in report.findings] == ["draft_filled"]
        [draft] = DwellSet.objects.filter(activated_at=None)
        assert sorted(policy.note for policy in draft.policies.all()) == ["All", "Lane", "Orders"]
        assert DwellPolicy.objects.filter(dwell_set=before).count() == 1
        entry = AuditEntry.objects.get(action="staging.draft_dwell", surface=Surface.IMPORT)
        assert "dwell-policies.csv" in entry.reason
        again = bring("dwell-policies", self.HEAD + rows, into=str(draft.pk))
        assert counts(again) == [0, 0, 2, 0, 0]
        bring("dwell-policies", self.HEAD + rows, into="empty")
        newest = DwellSet.objects.latest("version")
        assert (newest.pk, newest.policies.count()) == (draft.pk + 1, 2)

    def test_what_is_wrong_is_named_by_row_and_column_and_nothing_is_kept(
        self, plant: Plant
    ) -> None:
        lane = plant.l1.code
        report = bring("dwell-policies", self.HEAD + (
            f"Good,,{lane},,,06:00:00,,,\n"
            "Lost,NONE,,,1:30,06:00:00,,,\n"
            ",,,,,,,,\n"
            "Odd,,,later,,,,,\n"
        ))  # fmt: skip
        assert refusals(report) == {
            (3, "material", "unknown_code"), (3, "warn_after", "not_a_span"),
            (5, "kind", "not_a_choice"),
        }  # fmt: skip
        assert report.rolled_back
        report = bring("dwell-policies", self.HEAD + (
            f"Good,,{lane},,,06:00:00,,,\n"
            f"Late,,{plant.l2.code},,07:00:00,06:00:00,,,\n"
            f"Back,,{plant.dock.code},,,06:00:00,,2026-05-02,2026-05-01\n"
        ))  # fmt: skip
        assert {(line, code) for line, _column, code in refusals(report)} == {
            (3, "invalid"), (4, "invalid"),
        }  # fmt: skip
        report = bring("dwell-policies", self.HEAD + (
            f"Good,,{lane},,,06:00:00,,,2026-05-10\n"
            f"Also,,{lane},,,08:00:00,,2026-05-10,\n"
        ))  # fmt: skip
        assert refusals(report) == {(3, "", "rules_overlap")}
        assert not DwellSet.objects.exists()

    @pytest.mark.parametrize(
        ("into", "code"), [("7", "draft_unknown"), ("v7", "draft_unknown"), ("1", "rules_active")]
    )
    def test_only_into_a_draft(
        self, into: str, code: str, plant: Plant, in_force: Policies
    ) -> None:
        in_force({"note": "All", "critical_after": 9})
        report = bring("dwell-policies", "note,critical_after\nAll,01:00:00\n", into=into)
        assert [found.code for found in report.findings] == [code]
        assert report.unusable

    def test_there_and_back_changes_nothing(
        self, plant: Plant, in_force: Policies, api_as: Any
    ) -> None:
        in_force(
            {"note": "=All, of it", "warn_after": 1.5, "critical_after": 49, "counted": "working"},
            {"note": "Lane", "lane": plant.l1, "warn_after": 1, "valid_from": "2026-01-01"},
            {"note": "Customer", "customer": plant.customer, "purpose": "shipping_lane",
             "critical_after": 2, "valid_until": "2027-01-01"},
            {"note": "Kind", "kind": "operation", "site": plant.site, "category": "api"},
        )  # fmt: skip
        by_program = api_as("auditor").read("dwell-policies/", in_force=True, format="csv")
        whole = b"".join(by_program.streaming_content).decode()
        for text in (exported("dwell-policies"), whole):
            for into in ("in_force", "empty"):
                report = bring("dwell-policies", text, into=into)
                assert (counts(report), report.findings) == ([0, 0, 4, 0, 0], [])
        assert DwellSet.objects.count() == 1


class TestCalendars:
    HEAD = "site,valid_from,note,name,days,starts,ends,breaks\n"

    def test_rows_of_one_day_are_one_calendar(self, plant: Plant) -> None:
        site = plant.site.code
        text = self.HEAD + (
            f"{site},2026-01-05,Two,Early,12345,06:00,14:00,09:00-09:15\n"
            f"{site},2026-01-05,,Late,12345,14:00:00,22:00,\n"
            f"{site},2026-08-01,Closed,,,,,\n"
        )
        assert counts(bring("site-calendars", text)) == [3, 0, 0, 0, 0]
        [closed, two] = SiteCalendar.objects.order_by("-valid_from")
        assert (two.note, two.shifts.count(), closed.shifts.count()) == ("Two", 2, 0)
        text = exported("site-calendars")
        before = AuditEntry.objects.count()
        assert counts(bring("site-calendars", text)) == [0, 0, 3, 0, 0]
        assert AuditEntry.objects.count() == before
        fewer = self.HEAD + f"{site},2026-01-05,,Early,12345,06:00,14:00,\n"
        assert counts(bring("site-calendars", fewer)) == [0, 1, 0, 0, 0]
        assert [shift.breaks for shift in Shift.objects.all()] == [""]

    def test_half_a_calendar_is_none(self, plant: Plant) -> None:
        site = plant.site.code
        report = bring("site-calendars", self.HEAD + (
            f"{site},2026-01-05,,Early,12345,06:00,14:00,\n"
            f"{site},2026-02-05,,Late,,14:00,25:00,\n"
            f"{site},2026-01-05,,,,,,\n"
        ))  # fmt: skip
        assert refusals(report) == {(3, "ends", "not_a_time")} | {
            (4, name, "value_needed") for name in ("name", "days", "starts", "ends")
        }
        report = bring("site-calendars", self.HEAD + (
            f"{site},2026-01-05,,Early,12345,06:00,14:00,\n"
            f"{site},2026-02-05,,Late,12345,14:00,22:00,noon\n"
        ))  # fmt: skip
        assert {(line, code) for line, _column, code in refusals(report)} == {(3, "bad_break")}
        assert not SiteCalendar.objects.exists()

    def test_holidays_of_a_year_there_and_back(self, plant: Plant) -> None:
        site = plant.site.code
        text = f"site,day,name,works_like\n{site},2026-12-25,Feast,\n{site},2026-12-19,Extra,5\n"
        assert counts(bring("special-days", text)) == [2, 0, 0, 0, 0]
        assert counts(bring("special-days", exported("special-days"))) == [0, 0, 2, 0, 0]
        wrong = f"site,day,name,works_like\n{site},2026-12-26,Feast,\n{site},2026-12-19,Extra,9\n"
        assert {(line, code) for line, _column, code in refusals(bring("special-days", wrong))} == {
            (3, "invalid_choice")
        }
        assert SpecialDay.objects.count() == 2


def test_the_page_fills_the_draft_that_is_chosen(plant: Plant, in_force: Policies) -> None:
    in_force({"note": "All", "critical_after": 9})
    desk, page = at_the_desk("supervisor"), reverse("import-csv")
    file = SimpleUploadedFile("rules.csv", b"note,critical_after\nShort,01:00:00\n", "text/csv")
    asked = {"kind": "dwell-policies", "file": file, "into": "empty"}
    shown = desk.post(page, asked)
    assert DwellSet.objects.count() == 1
    assert "somebody who has not written it" in shown.content.decode()
    desk.post(page, {"previewed": shown.context["previewed"]})
    [draft] = DwellSet.objects.filter(activated_at=None)
    assert [policy.note for policy in draft.policies.all()] == ["Short"]
    assert f"v{draft.pk} ·" in desk.get(page).content.decode()
