"""Lists of the admin: the same statements however long, counted so far, found by code."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.admin import finding
from inventory.errors import Refused
from inventory.models import AuditEntry, Balance, Container, Lot, Movement, RefusedAttempt
from inventory.verbs import REGISTRY, carry_out
from quality.models import Decision, Hold
from staging import actions as staging
from staging.models import Alert, Commitment, Demand, Requirement
from tests.admin.conftest import SignIn, list_of
from tests.plant import Plant

pytestmark = pytest.mark.django_db

MODELS = (
    AuditEntry, RefusedAttempt, Balance, Container, Lot, Movement, Decision, Hold, Alert,
    Commitment, Demand, Requirement,
)  # fmt: skip


def busy(plant: Plant, times: int) -> None:
    for _n in range(times):
        lot = plant.lot(10)
        plant.stage(plant.order((lot.material, 10)), lot, quantity=4)
        plant.hold(lot=plant.lot(1))
        line = staging.Issue(lot=lot, quantity=Decimal(9))
        with pytest.raises(Refused):
            carry_out(REGISTRY["issue"], [line], by=plant.operator, at=plant.now)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_list_costs_the_same_however_long(model: Any, plant: Plant, enter: SignIn) -> None:
    admin = enter("admin")
    spent = []
    for times in (1, 4):
        busy(plant, times)
        admin.get(list_of(model))
        with CaptureQueriesContext(connection) as statements:
            assert admin.get(list_of(model)).status_code == 200
        spent.append(len(statements))
    assert spent[0] == spent[1]


def test_a_list_is_counted_so_far(
    plant: Plant, enter: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(plant, 3)
    monkeypatch.setattr(finding, "MOST_COUNTED", 2)
    shown = enter("admin").get(list_of(Movement)).context["cl"]
    assert shown.result_count == 2 < Movement.objects.count()


@pytest.mark.parametrize("model", [Movement, Balance, Commitment, Lot], ids=lambda m: m.__name__)
def test_rows_are_found_by_how_a_code_begins(model: Any, plant: Plant, enter: SignIn) -> None:
    busy(plant, 2)
    lot = Commitment.objects.order_by("pk")[0].lot
    admin = enter("admin")

    def lots(text: str) -> set[str]:
        found = admin.get(list_of(model), {"q": text}).context["cl"].result_list
        return {str(getattr(row, "lot", row)) for row in found}

    assert lots(lot.code) == {lot.code}
    assert lot.code in lots(lot.code.lower()[:4])
    assert lots("nothing-like-it") == set()


def test_the_trail_is_found_by_what_it_is_about(plant: Plant, enter: SignIn) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10), reference="PO-77")
    plant.stage(order, lot, quantity=4)
    plant.lot(1)
    admin = enter("admin")

    def actions(text: str) -> set[str]:
        found = admin.get(list_of(AuditEntry), {"q": text}).context["cl"].result_list
        return {row.action for row in found}

    assert {"inventory.receive", "staging.stage"} <= actions(lot.code)
    assert {"staging.create_demand", "staging.stage"} <= actions("po-7")
    assert actions("nothing-like-it") == set()
