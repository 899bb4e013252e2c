"""The application works as a role that cannot rewrite history (PostgreSQL)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from inventory import audit
from inventory.models import Seal
from inventory.seals.grants import append_only, others
from inventory.seals.sealing import seal
from inventory.seals.verifying import verify
from staging.alerting import clock
from staging.models import StagedStock
from tests.core.budget.test_verbs import MANY, SCENES, lines_cost
from tests.plant import Plant

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

ROLE = "forestage_app"


@pytest.fixture
def role(capsys: Any, db: None) -> str:
    """A role with the grants that `manage.py grants` prints, and nothing else."""
    call_command("grants", ROLE)
    printed = capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE} NOSUPERUSER")
        cursor.execute(printed)
    return ROLE


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        yield
        cursor.execute("RESET ROLE")


def test_a_staging_request_runs_under_it(plant: Plant, role: str, api: Any) -> None:
    lot = plant.lot(100)
    order = plant.order((lot.material, 10))
    asked = {"demand": order.reference, "lot": lot.code, "lane": plant.l1.code, "quantity": "10"}
    with acting_as(role):
        answer = api.do("stage", asked, **{"Idempotency-Key": "once"})
        assert answer.status_code == 200, answer.json()
        refused = api.do("stage", asked | {"quantity": "900"})
        assert refused.status_code == 409
        assert api.read("movements/").status_code == 200
    assert StagedStock.objects.get().quantity == 10


@pytest.mark.parametrize("scene", [name for name in SCENES if name in MANY])
def test_every_shape_of_verb_runs_under_it(scene: str, role: str) -> None:
    with acting_as(role):
        assert lines_cost(scene, 2)


def test_the_clock_seals_verifies_and_sweeps_under_it(plant: Plant, role: str) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10)), lot)
    plant.hold(lot=lot)
    with acting_as(role):
        clock.sweep(by=audit.system(), at=timezone.now())
        assert seal()
        call_command("verify_audit")
        assert verify().sound


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_history_cannot_be_rewritten_under_it(statement: str, plant: Plant, role: str) -> None:
    plant.lot(10)
    seal()
    for table in append_only():
        key = "sequence" if table == Seal._meta.db_table else "id"
        with acting_as(role):
            denied = pytest.raises(ProgrammingError, match=f"permission denied for table {table}")
            with denied, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement.format(table, key, key))


def test_nothing_is_emptied_or_altered_under_it(role: str) -> None:
    for table in others():
        with acting_as(role):
            denied = pytest.raises(ProgrammingError, match=r"permission denied|must be owner")
            for statement in (f'TRUNCATE "{table}"', f'ALTER TABLE "{table}" DISABLE TRIGGER ALL'):
                with denied, transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(statement)


def test_no_table_is_forgotten(role: str) -> None:
    tables = set(connection.introspection.table_names())
    assert tables - set(append_only()) - set(others()) == {"django_migrations"}
    assert len(append_only()) >= 7
