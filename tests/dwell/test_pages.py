"""Pages of policies and calendars, and what a position says of its own."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from staging.models import DwellPolicy, DwellSet, Shift, SiteCalendar, StagedStock
from tests.dwell.conftest import HOUR, Policies, calendar
from tests.factories import UserFactory
from tests.plant import Plant


@pytest.fixture
def enter(db: None) -> Any:
    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(UserFactory(role=role, is_staff=True))
        return client

    return sign_in


def text_of(client: Client, url: str, **asked: str) -> str:
    answer = client.get(url, asked)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_a_draft_is_made_previewed_and_put_into_force_by_two(plant: Plant, enter: Any) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10)), lot)
    supervisor, qa = enter("supervisor"), enter("qa")
    supervisor.post(reverse("admin:staging_dwellset_add"), {"note": "First"})
    draft = DwellSet.objects.get()
    page = reverse("admin:staging_dwellset_change", args=[draft.pk])
    empty = dict.fromkeys(
        ("material", "category", "customer", "kind", "lane", "area", "site", "purpose",
         "valid_from", "valid_until", "warn_after"), "",
    )  # fmt: skip
    row = empty | {"note": "Soon", "critical_after": "02:00:00", "counted": "elapsed"}
    data = {
        "note": "First", "reason": "agreed", "policies-TOTAL_FORMS": "1",
        "policies-INITIAL_FORMS": "0",
        **{f"policies-0-{name}": value for name, value in row.items()},
    }  # fmt: skip
    assert supervisor.post(page, data).status_code == 302
    preview = text_of(qa, reverse("admin:staging_dwellset_preview", args=[draft.pk]))
    assert "Soon" in preview
    assert "2 hours" in preview.replace("\xa0", " ")
    activate = reverse("admin:staging_dwellset_activate", args=[draft.pk])
    assert supervisor.post(activate, {"reason": "mine"}).status_code == 403
    assert qa.post(activate, {"reason": "agreed"}).status_code == 302
    draft.refresh_from_db()
    assert not draft.is_draft
    assert supervisor.post(page, data).status_code == 403


def test_it_says_which_policy_counts_and_why(plant: Plant, in_force: Policies, enter: Any) -> None:
    in_force(
        {"note": "Anything", "critical_after": 9}, {"note": "By line", "lane": plant.l1,
                                                    "critical_after": 3},
    )  # fmt: skip
    why = reverse("admin:staging_dwellset_why")
    material = plant.material()
    asked = {"lane": plant.l1.code, "material": material.code, "kind": "production"}
    said = text_of(enter("auditor"), why, **asked)
    assert said.index("“By line”") < said.index("Anything")
    material.dwell_limit = HOUR
    material.save()
    said = text_of(enter("auditor"), why, **asked)
    assert "it ends before the most specific policy is critical" in said
    assert "Nothing here has this code." in text_of(enter("auditor"), why, **asked | {"lane": "X"})


def test_a_calendar_is_kept_and_shows_its_days(plant: Plant, enter: Any) -> None:
    supervisor = enter("supervisor")
    shift = {"name": "Night", "days": ["1", "5"], "starts": "22:00", "ends": "06:00",
             "breaks": "02:00-02:30"}  # fmt: skip
    data = {
        "site": plant.site.pk, "valid_from": "2026-01-05", "note": "", "reason": "agreed",
        "shifts-TOTAL_FORMS": "1", "shifts-INITIAL_FORMS": "0",
        **{f"shifts-0-{name}": value for name, value in shift.items()},
    }  # fmt: skip
    answer = supervisor.post(reverse("admin:staging_sitecalendar_add"), data)
    assert answer.status_code == 302, answer.content.decode()
    assert Shift.objects.get().days == "15"
    page = reverse("admin:staging_sitecalendar_change", args=[SiteCalendar.objects.get().pk])
    assert "Working time of the coming two weeks" in text_of(supervisor, page)
    data["shifts-0-breaks"] = "noon"
    data["valid_from"] = "2026-02-05"
    again = supervisor.post(reverse("admin:staging_sitecalendar_add"), data)
    assert "“noon” is no break" in again.content.decode()


def test_a_position_shows_its_policy_where_it_is_shown(
    plant: Plant,
    in_force: Policies,
    enter: Any,
    api_as: Any,
) -> None:
    in_force({"note": "Within the shift", "warn_after": 1, "critical_after": 3})
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    plant.stage(order, lot)
    floor = enter("operator")
    pages = (
        reverse("staging:board"), reverse("staging:demand", args=[order.reference]),
        reverse("staging:location", args=[plant.l1.code]), reverse("staging:lot", args=[lot.pk]),
    )  # fmt: skip
    for page in pages:
        assert "Within the shift" in text_of(floor, page), page
    [row] = api_as("operator").read("staged-stock/").json()["results"]
    policy = DwellPolicy.objects.get()
    assert row["dwell_policy"] == policy.pk
    assert row["warn_at"] < row["due_at"]
    [shown] = api_as("operator").read("dwell-policies/", in_force=True).json()["results"]
    assert (shown["id"], shown["rank"], shown["critical_after"]) == (policy.pk, 0, "03:00:00")


def test_calendars_are_read_over_the_api(plant: Plant, api_as: Any) -> None:
    calendar(plant, ("12345", "06:00", "14:00"))
    [row] = api_as("operator").read("site-calendars/").json()["results"]
    assert row["site"] == plant.site.code
    assert row["valid_from"] == date(2026, 1, 1).isoformat()
    assert [shift["days"] for shift in row["shifts"]] == ["12345"]
    assert not StagedStock.objects.exists()
