"""Refusals that nobody meets on a usual day."""

from typing import Any

import pytest

from inventory.models import Lot
from inventory.verbs import REGISTRY, carry_out
from staging.labels import choosing
from staging.labels.lines import KINDS
from tests.contract.calls import client
from tests.core.refusal import refused
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def test_nothing_is_asked_for(plant: Plant) -> None:
    with refused("lines_needed"):
        carry_out(REGISTRY["move"], [], by=plant.operator, at=plant.now)


def test_more_things_than_labels_are_made_of(plant: Plant, monkeypatch: Any) -> None:
    monkeypatch.setattr(choosing, "MOST_THINGS", 1)
    lots = [plant.lot().code for _n in range(2)]
    with refused("too_many_things"):
        choosing.chosen(KINDS["lots"], {"lot": lots})
    assert Lot.objects.count() == 2


def test_so_many_lines_are_refused_that_others_are_left_out(plant: Plant, monkeypatch: Any) -> None:
    monkeypatch.setattr("inventory.partial.MOST_PASSES", 1)
    held, good = plant.lot(), plant.lot()
    lines = [
        {"lot": held.code, "target": plant.l1.code},
        {"lot": good.code, "target": plant.a2.code},
    ]
    api = client(UserFactory(role="operator"))
    answer = api.post("/api/v1/put-away/", {"lines": lines, "partial": True}, format="json").json()
    assert [row["errors"][0]["code"] for row in answer["results"]] == [
        "wrong_location_kind",
        "not_tried",
    ]


def test_numbers_of_a_day_that_is_none(plant: Plant) -> None:
    api = client(UserFactory(role="supervisor"))
    answer = api.get("/api/v1/numbers/staged/", {"until": "0001-01-01"})
    assert answer.json()["errors"][0]["code"] == "bad_date"
