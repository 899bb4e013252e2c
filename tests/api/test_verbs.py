"""Every verb over the API: done once, refused once, and all lines or none."""

from collections.abc import Callable
from typing import Any

import pytest

from inventory.models import AuditEntry, Balance, Lot, Movement, Surface
from inventory.verbs import REGISTRY
from tests.api.cases import CASES
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def test_every_verb_has_a_case() -> None:
    assert set(CASES) == set(REGISTRY)


@pytest.mark.parametrize("verb", sorted(CASES))
def test_is_refused_without_effect_then_done(
    verb: str, plant: Plant, api_as: Callable[..., Any]
) -> None:
    case = CASES[verb](plant)
    api = api_as(case.role)
    before = list(Balance.objects.order_by("pk").values()), Movement.objects.count()

    refused = api.do(verb, case.bad)
    assert (refused.status_code, refused.json()["code"]) == (409, case.code)
    assert refused["Content-Type"] == "application/problem+json"
    assert (list(Balance.objects.order_by("pk").values()), Movement.objects.count()) == before
    attempt = AuditEntry.objects.filter(action="refused").latest("pk")
    assert (attempt.surface, attempt.facts["code"]) == (Surface.API, case.code)
    assert "secret" not in str(attempt.facts)

    done = api.do(verb, case.good)
    assert done.status_code == 200, done.json()
    assert set(done.json()) == {"movements", "objects", "warnings"}
    assert AuditEntry.objects.exclude(action="refused").latest("pk").surface == Surface.API


def test_an_answer_says_what_was_done(plant: Plant, api: Any) -> None:
    material = plant.material()
    line = {"material": material.code, "number": "N1", "quantity": 2.50, "location": plant.a1.code}
    answer = api.do("receive", line).json()
    movement = Movement.objects.get()
    assert answer["movements"] == [
        {
            "id": movement.pk,
            "kind": "receive",
            "lot": f"{material.code}/N1",
            "quantity": "2.5",
            "unit": "KGM",
            "source": f"{plant.site.code}-SUPPLIER",
            "target": plant.a1.code,
            "from_container": None,
            "to_container": None,
            "reference": "",
            "batch": str(movement.batch),
        }
    ]


def test_an_answer_names_what_was_made_and_warns(plant: Plant, api: Any) -> None:
    lot = plant.lot(4)
    demand = plant.order((lot.material, 10))
    held = api.do("place_hold", {"lot": plant.lot().code, "reason": "suspect"}).json()
    assert [(thing["type"], bool(thing["id"])) for thing in held["objects"]] == [("hold", True)]
    short = api.do("allocate", {"demand": demand.reference}).json()
    assert short["warnings"] == [f"{lot.material.code}: 6 KGM short."]


def test_many_lines_are_done_together(plant: Plant, api: Any) -> None:
    material = plant.material()
    lines = [
        {"material": material.code, "number": f"N{n}", "quantity": n, "location": plant.a1.code}
        for n in range(1, 6)
    ]
    answer = api.do("receive", {"lines": lines, "at": "2026-05-01T08:00:00+02:00"})
    assert answer.status_code == 200
    assert len(answer.json()["movements"]) == 5
    assert Movement.objects.values("batch").distinct().count() == 1
    assert {m.occurred_at.isoformat() for m in Movement.objects.all()} == {
        "2026-05-01T06:00:00+00:00"
    }


def test_all_lines_or_none_each_refusal_with_its_line(plant: Plant, api: Any) -> None:
    good, held, also_held = plant.lot(), plant.lot(), plant.lot()
    plant.hold(lot=held)
    plant.hold(lot=also_held)
    demand = plant.order(*((lot.material, 10) for lot in (good, held, also_held)))
    lines = [
        {"demand": demand.reference, "lot": lot.code, "lane": plant.l1.code}
        for lot in (good, held, also_held)
    ]
    count = Movement.objects.count()
    problem = api.do("stage", {"lines": lines}).json()
    assert [(error["line"], error["field"], error["code"]) for error in problem["errors"]] == [
        (1, "lot", "lot_on_hold"),
        (2, "lot", "lot_on_hold"),
    ]
    assert problem["errors"][0]["hint"]
    assert problem["errors"][0]["facts"]["cleared_by"] == "QA"
    assert Movement.objects.count() == count


def test_a_refusal_names_the_lots_that_would_do(plant: Plant, api: Any) -> None:
    material = plant.material()
    held, other = plant.lot(material=material), plant.lot(material=material)
    plant.hold(lot=held)
    demand = plant.order((material, 10))
    line = {"demand": demand.reference, "lot": held.code, "lane": plant.l1.code}
    [error] = api.do("stage", line).json()["errors"]
    assert error["facts"]["alternatives"][0]["lot"] == other.code


def test_a_thousand_lines_and_no_more(plant: Plant, api: Any) -> None:
    material = plant.material()
    lines = [
        {"material": material.code, "number": str(n), "quantity": 1, "location": plant.a1.code}
        for n in range(1001)
    ]
    [error] = api.do("receive", {"lines": lines}).json()["errors"]
    assert error["code"] == "too_many_lines"
    assert not Lot.objects.exists()
    assert len(api.do("receive", {"lines": lines[:1000]}).json()["movements"]) == 1000


def test_the_future_is_refused(plant: Plant, api: Any) -> None:
    line = {"lot": plant.lot().code, "target": plant.a2.code}
    problem = api.do("move", {"lines": [line], "at": "2999-01-01T00:00:00Z"})
    assert (problem.status_code, problem.json()["code"]) == (409, "time_in_future")
