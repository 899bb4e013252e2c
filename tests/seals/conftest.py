"""A day's records under seal, and somebody who gets past the triggers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from inventory import actions as stock
from inventory.models import Seal
from inventory.seals.registry import SEALED
from inventory.seals.sealing import seal
from quality import actions as quality
from tests.admin.conftest import enter
from tests.api.conftest import api, api_as
from tests.plant import Plant
from tests.standing import built_once

__all__ = ["api", "api_as", "enter"]

Tamper = Callable[..., None]


@contextmanager
def past_the_triggers() -> Iterator[Any]:
    """What a superuser can do: PostgreSQL's triggers off, SQLite's dropped and put back."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield cursor
            cursor.execute("SET LOCAL session_replication_role = origin")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        yield cursor
        for _name, sql in triggers:
            cursor.execute(sql)


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside is taken back at the end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def sealed(table: str) -> list[int]:
    """Every number that a seal lists, as often as it does."""
    seals = Seal.objects.defer(None).of(table).order_by("sequence")
    return [number for seal in seals for number, _digest in seal.pairs()]


def recorded(table: str) -> list[int]:
    rows = SEALED[table].model._default_manager.order_by("pk")
    return list(rows.values_list("pk", flat=True))


@pytest.fixture
def tamper() -> Tamper:
    """Run SQL as somebody who administers the database."""

    def run(sql: str, *values: Any) -> None:
        with past_the_triggers() as cursor:
            cursor.execute(sql, values)
            assert cursor.rowcount > 0, "nothing was tampered with"

    return run


@built_once
def day(plant: Plant) -> Plant:
    """Rows of every kind: movements, decisions, inspections, holds, genealogy and the trail."""
    lots = [plant.lot(100) for _ in range(4)]
    for lot in lots:
        plant.stage(plant.order((lot.material, 10)), lot, quantity=4)
        result = quality.Result(lot=lot, characteristic="pH", value="7", upper=Decimal(9))
        plant.do(quality.record_inspection, result, by=plant.lab)
        split = stock.Split(lot=lot, number=f"{lot.number}-A", quantity=Decimal(1), source=plant.a1)
        plant.do(quality.split_lot, split)
        plant.hold(lot=lot)
    return plant


@built_once
def under_seal(day: Plant) -> Plant:
    """The day, sealed in batches of three rows."""
    seal(batch=3)
    return day
