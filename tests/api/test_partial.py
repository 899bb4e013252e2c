"""What can be done of a request is done: a result for each line."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import AuditEntry, Balance, IdempotencyKey, Movement, RefusedAttempt
from inventory.verbs import REGISTRY
from tests.api.cases import CASES
from tests.api.conftest import Api
from tests.plant import Plant

pytestmark = pytest.mark.django_db

BY_LINE = sorted(set(CASES) - {"allocate", "countersign", "reject", "release"})
"""Allocation refuses only when nothing at all can be reserved; what is short it warns of. A wrong
signature, which those of the other three are refused for, is one for all lines."""

SILENT = {"allocate", "assign", "borrow", "deallocate", "move_container"}
"""Claims change hands without a movement, and the container of the case is empty."""


def do_what_can_be(api: Api, verb: str, *lines: Any, **headers: str) -> list[dict[str, Any]]:
    """The results, which have the shape that is documented."""
    answer = api.do(verb, {"lines": lines, "partial": True}, **headers)
    assert answer.status_code == 207, answer.json()
    assert set(answer.json()) == {"results", "warnings"}
    results: list[dict[str, Any]] = answer.json()["results"]
    assert [result["line"] for result in results] == list(range(len(lines)))
    for result in results:
        done = result["status"] == "done"
        assert set(result) - {"line", "status"} == (
            {"movements", "objects"} if done else {"errors"}
        )
        for error in result.get("errors", ()):
            assert set(error) == {"line", "field", "code", "detail", "hint", "facts"}
            assert error["line"] == result["line"]
    return results


def codes(results: list[dict[str, Any]]) -> list[Any]:
    """Of each line: `done`, or why not."""
    return [
        "done" if result["status"] == "done" else [error["code"] for error in result["errors"]]
        for result in results
    ]


@pytest.mark.parametrize("verb", BY_LINE)
def test_the_line_that_can_be_done_is(verb: str, plant: Plant, api_as: Callable[..., Any]) -> None:
    case = CASES[verb](plant)
    results = do_what_can_be(api_as(case.role), verb, case.bad, case.good)
    assert codes(results) == [[case.code], "done"]
    [attempt] = RefusedAttempt.objects.all()
    assert (attempt.verb, attempt.code) == (REGISTRY[verb].permission, case.code)
    assert "secret" not in str(attempt.asked)


@pytest.mark.parametrize("verb", BY_LINE)
def test_a_refusal_names_its_line(verb: str, plant: Plant, api_as: Callable[..., Any]) -> None:
    case = CASES[verb](plant)
    problem = api_as(case.role).do(verb, {"lines": [case.bad, case.good]}).json()
    first = problem["errors"][0]
    assert (first["line"], first["code"]) == (0, case.code)


@pytest.mark.parametrize("verb", sorted(CASES))
def test_one_line_comes_to_the_same(verb: str, plant: Plant, api_as: Callable[..., Any]) -> None:
    case = CASES[verb](plant)
    api = api_as(case.role)
    before = list(Balance.objects.order_by("pk").values()), Movement.objects.count()
    assert codes(do_what_can_be(api, verb, case.bad)) == [[case.code]]
    assert (list(Balance.objects.order_by("pk").values()), Movement.objects.count()) == before
    assert RefusedAttempt.objects.get().code == case.code
    [done] = do_what_can_be(api, verb, case.good)
    assert done["status"] == "done"
    assert verb in SILENT or done["movements"] or done["objects"]


def test_each_result_has_what_its_line_did(plant: Plant, api: Api) -> None:
    first, held, second = (plant.lot(100, number=number) for number in ("A", "B", "C"))
    plant.hold(lot=held)
    demand = plant.order(*((lot.material, 100) for lot in (first, held, second)))
    lines = [
        {"demand": demand.reference, "lot": lot.code, "lane": plant.l1.code, "quantity": quantity}
        for lot, quantity in ((second, 30), (held, 5), (first, "oops"), (first, 10), (second, 20))
    ]
    results = do_what_can_be(api, "stage", *lines)
    assert codes(results) == ["done", ["lot_on_hold"], ["invalid"], "done", "done"]
    assert results[1]["errors"][0]["facts"]["cleared_by"] == "QA"
    assert results[2]["errors"][0]["field"] == "quantity"
    moved = [[(m["lot"], m["quantity"]) for m in results[n]["movements"]] for n in (0, 3, 4)]
    assert moved == [[(second.code, "30")], [(first.code, "10")], [(second.code, "20")]]
    rows = Movement.objects.filter(kind="stage")
    assert rows.values("batch").distinct().count() == 1
    [attempt] = RefusedAttempt.objects.all()  # what made no sense was no attempt
    assert (attempt.lot, attempt.line, attempt.code) == (held, 1, "lot_on_hold")


def test_what_was_made_stands_with_its_line(plant: Plant, api: Api) -> None:
    lot, other = plant.lot(), plant.lot()
    hold = {"lot": lot.code, "reason": "suspect"}
    both = {"lot": lot.code, "location": plant.a1.code, "reason": "suspect"}
    last = {"lot": other.code, "reason": "suspect"}
    results = do_what_can_be(api, "place_hold", hold, both, last)
    assert codes(results) == ["done", ["hold_target"], "done"]
    assert [len(results[n]["objects"]) for n in (0, 2)] == [1, 1]
    assert lot.code in results[0]["objects"][0]["label"]
    assert other.code in results[2]["objects"][0]["label"]


def test_an_inspection_stands_with_all_its_lines(plant: Plant, api_as: Any) -> None:
    lot, other = plant.lot(), plant.lot()
    results = do_what_can_be(
        api_as("qa"),
        "record_inspection",
        {"lot": lot.code, "characteristic": "pH", "value": "7"},
        {"lot": lot.code, "characteristic": "purity", "value": "99"},
        {"lot": other.code, "characteristic": "pH", "value": "7"},
    )
    first, second, third = ([thing["id"] for thing in result["objects"]] for result in results)
    assert first == second != third
    assert len(first) == len(third) == 1


def test_of_two_lines_for_the_same_stock_the_first_gets_it(plant: Plant, api: Api) -> None:
    lot = plant.lot(100)
    order, other = plant.order((lot.material, 100)), plant.order((lot.material, 100))
    line = {"lot": lot.code, "lane": plant.l1.code, "quantity": "60"}
    results = do_what_can_be(
        api, "stage", line | {"demand": order.reference}, line | {"demand": other.reference}
    )
    assert codes(results) == ["done", ["not_enough"]]
    assert results[1]["errors"][0]["facts"]["available"] == "40"


def test_what_a_refused_line_would_have_taken_is_there_for_the_next(plant: Plant, api: Api) -> None:
    lot = plant.lot(100)
    order, closed = plant.order((lot.material, 100)), plant.shipment((lot.material, 100))
    plant.hold(location=plant.dock)  # found by the gate, after all lines have been planned
    line = {"lot": lot.code, "quantity": "60"}
    results = do_what_can_be(
        api,
        "stage",
        line | {"demand": closed.reference, "lane": plant.dock.code},
        line | {"demand": order.reference, "lane": plant.l1.code},
        line | {"demand": order.reference, "lane": plant.l2.code, "quantity": "50"},
    )
    assert codes(results) == [["lot_on_hold"], "done", ["more_than_required"]]


def test_all_refused_leaves_nothing_but_the_attempts(plant: Plant, api: Api) -> None:
    lots = [plant.lot() for _n in range(3)]
    lines = [{"lot": lot.code, "target": plant.l1.code} for lot in lots]
    count = Movement.objects.count()
    trail = AuditEntry.objects.count()
    results = do_what_can_be(api, "put_away", *lines)
    assert codes(results) == [["wrong_location_kind"]] * 3
    assert Movement.objects.count() == count
    [entry] = AuditEntry.objects.order_by("pk")[trail:]
    assert (entry.action, entry.facts["attempts"]) == ("refused", 3)
    attempts = RefusedAttempt.objects.filter(batch=entry.batch).order_by("pk")
    assert [row.lot for row in attempts] == lots


def test_nothing_readable_is_not_even_an_attempt(plant: Plant, api: Api) -> None:
    trail = AuditEntry.objects.count()
    results = do_what_can_be(api, "put_away", {"lot": "NONE", "target": plant.a2.code}, 5)
    assert codes(results) == [["unknown_code"], ["invalid"]]
    assert AuditEntry.objects.count() == trail


def test_what_concerns_the_request_concerns_every_line(plant: Plant, api: Api) -> None:
    lines = [{"lot": plant.lot().code, "target": plant.a2.code} for _n in range(3)]
    body = {"lines": lines, "partial": True, "at": "2999-01-01T00:00:00Z"}
    results = api.do("move", body).json()["results"]
    assert codes(results) == [["time_in_future"]] * 3


def test_warnings_are_those_of_what_was_done(plant: Plant, api: Api) -> None:
    lot = plant.lot(4)
    demand = plant.order((lot.material, 10))
    body = {"lines": [{"demand": demand.reference}, {"demand": "NONE"}], "partial": True}
    answer = api.do("allocate", body).json()
    assert codes(answer["results"]) == ["done", ["unknown_code"]]
    assert answer["warnings"] == [f"{lot.material.code}: 6 KGM short."]


def test_a_repeat_gets_the_same_results(plant: Plant, api: Api) -> None:
    lot, held = plant.lot(), plant.lot()
    hold = plant.hold(lot=held)
    demand = plant.order((lot.material, 10), (held.material, 10))
    line = {"demand": demand.reference, "lane": plant.l1.code}
    body = {"lines": [line | {"lot": lot.code}, line | {"lot": held.code}], "partial": True}
    first = api.do("stage", body, **{"Idempotency-Key": "k"})
    assert codes(first.json()["results"]) == ["done", ["lot_on_hold"]]
    plant.lift(hold)
    again = api.do("stage", body, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json()) == (207, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert Movement.objects.filter(kind="stage").count() == 1
    assert RefusedAttempt.objects.count() == 1
    assert api.do("stage", body | {"partial": False}, **{"Idempotency-Key": "k"}).status_code == 422


def test_all_refused_is_an_answer_too(plant: Plant, api: Api) -> None:
    lot = plant.lot()
    line = {"lot": lot.code, "target": plant.l1.code}
    body = {"lines": [line], "partial": True}
    first = api.do("move", body, **{"Idempotency-Key": "k"})
    assert api.do("move", body, **{"Idempotency-Key": "k"}).json() == first.json()
    assert IdempotencyKey.objects.count() == RefusedAttempt.objects.count() == 1


def test_the_body_says_so_and_not_the_address(plant: Plant, api: Api) -> None:
    lines = [{"lot": plant.lot().code, "target": plant.a2.code}]
    answer = api.post("/api/v1/move/?partial=true", {"lines": lines}, format="json")
    assert answer.status_code == 400
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
        ("partial", "unknown_parameter")
    ]


def test_a_thousand_lines_and_no_more(plant: Plant, api: Api) -> None:
    line = {"lot": plant.lot().code, "target": plant.a2.code, "quantity": "0.1"}
    answer = api.do("move", {"lines": [line] * 1001, "partial": True})
    assert answer.json()["errors"][0]["code"] == "too_many_lines"
    lines = [line, line | {"lot": "NONE"}, line | {"quantity": "0"}, line | {"quantity": "1000"}]
    results = do_what_can_be(api, "move", *lines * 250)
    assert sum(result["status"] == "done" for result in results) == 250


def statements(api: Api, body: Any) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert api.do("put_away", body).status_code in (200, 207)
    return len(caught.captured_queries)


def test_it_costs_two_savepoints_and_no_more_for_more_lines(plant: Plant, api: Api) -> None:
    def lines(count: int) -> list[Any]:
        lots = [plant.lot().code for _n in range(count)]
        return [{"lot": code, "target": plant.a2.code} for code in lots]

    statements(api, {"lines": lines(1)})  # what a process reads once
    all_or_none = statements(api, {"lines": lines(1)})
    one = statements(api, {"lines": lines(1), "partial": True})
    twenty = statements(api, {"lines": lines(20), "partial": True})
    assert one == twenty
    assert one - all_or_none <= 4  # SAVEPOINT and RELEASE: around all, and around the attempt
