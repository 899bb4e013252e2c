"""The pages: all three questions side by side, each on its own, and what leads on from there."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.ahead.conftest import Asking, at
from tests.ahead.test_lanes import standing, with_capacity
from tests.ahead.test_positions import staged
from tests.dwell.conftest import HOUR, calendar
from tests.exports.conftest import content_of
from tests.factories import UserFactory
from tests.plant import Plant


@pytest.fixture
def client_of(db: None) -> Any:
    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(UserFactory(role=role))
        return client

    return sign_in


def text_of(client: Client, url: str, **asked: str) -> str:
    answer = client.get(url, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_answers_three_questions_and_leads_on(
    plant: Plant, ahead: Asking, client_of: Any
) -> None:
    calendar(plant, ("1234567", "06:00", "20:00"))
    with_capacity(plant, plant.l1)
    standing(plant, plant.l1, 20)
    staged(plant, 20, due_at=2)
    plant.order((plant.material(), 5), needed_at=at(3), reference="PO-LACKS")
    asked = {"site": plant.site.code}
    page = text_of(client_of("operator"), reverse("staging:ahead"), **asked)
    for said in ("Shift: S.", "PO-LACKS", "Will be short", "A part is nowhere on hand.",
                 "Becomes critical before its demand needs it.", plant.l1.code,
                 "Unstage<span"):  # fmt: skip
        assert said in page, said
    assert "Unstage<span" not in text_of(client_of("auditor"), reverse("staging:ahead"), **asked)
    for part in ("demands", "positions", "lanes"):
        url = reverse("staging:ahead_part", args=[part])
        client = client_of("operator")
        row = '<article class="panel ready' if part == "demands" else "<tbody><tr>"
        assert text_of(client, url, **asked).count(row) == 1
        file = content_of(client.get(url, asked | {"download": "csv"})).decode()
        assert len(list(csv.reader(io.StringIO(file, newline="")))) == 2
    assert client_of("operator").get(reverse("staging:ahead_part", args=["x"])).status_code == 404


def test_a_time_is_read_by_the_sites_clock(plant: Plant, ahead: Asking, client_of: Any) -> None:
    plant.site.time_zone = "Asia/Tokyo"
    plant.site.save()
    staged(plant, 20, due_at=2)
    url = reverse("staging:ahead_part", args=["positions"])
    asked = {"site": plant.site.code, "horizon": "time"}
    noon_in_utc = at(0) + 9 * HOUR
    for hours, number in ((1, 0), (3, 1)):
        until = f"{noon_in_utc + hours * HOUR:%Y-%m-%dT%H:%M}"
        page = text_of(client_of("operator"), url, **asked, until=until)
        assert page.count("<tbody><tr>") == number
    page = text_of(client_of("operator"), url, **asked)
    assert "Say until when." in page


def test_nothing_lies_ahead(plant: Plant, ahead: Asking, client_of: Any) -> None:
    page = text_of(client_of("operator"), reverse("staging:ahead"))
    for said in ("All that is needed by then is staged.", "Nothing goes stale by then.",
                 "Every lane has room by then.", "eight hours stand for a shift"):  # fmt: skip
        assert said in page
