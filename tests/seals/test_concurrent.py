"""Sealing beside real transactions on PostgreSQL: nothing is passed over, nothing sealed twice."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from inventory import actions as stock
from inventory import audit
from inventory.models import AuditEntry, Movement
from inventory.seals import sealing, settling, verifying
from inventory.seals.registry import SEALED
from inventory.seals.settling import settled
from tests.core.test_concurrency import PATIENCE, at_once
from tests.plant import Plant
from tests.seals.conftest import recorded, sealed

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

AT_ONCE = 0.0


def beside(act: Callable[[], Any]) -> tuple[threading.Thread, threading.Event, threading.Event]:
    """Do something in a transaction that stays open: until it may end, having done it."""
    done, may_end = threading.Event(), threading.Event()

    def run() -> None:
        with transaction.atomic():
            act()
            done.set()
            assert may_end.wait(PATIENCE)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert done.wait(PATIENCE)
    return thread, done, may_end


def record(text: str) -> AuditEntry:
    stamp = audit.stamp(audit.system(), timezone.now())
    return audit.record("test", stamp=stamp, facts={"text": text})


def test_a_row_in_flight_is_not_passed_over() -> None:
    """It has the lower number and commits later: the batch waits for it."""
    thread, _done, may_end = beside(lambda: record("early number, late commit"))
    late = record("late number, early commit")
    table = "inventory.auditentry"
    assert table not in settled([SEALED[table]], patience=AT_ONCE)
    assert sealing.seal(patience=AT_ONCE) == []
    may_end.set()
    thread.join(PATIENCE)
    sealing.seal(patience=AT_ONCE)
    early, _late = recorded(table)
    assert early < late.pk
    assert sealed(table) == [early, late.pk]
    assert verifying.verify().sound


def test_who_begins_later_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is always writing: only those who were before the newest row count."""
    ordinary, looked, waited = settling._writers, threading.Event(), {}

    def look(kinds: Any) -> Any:
        found = ordinary(kinds)
        looked.set()
        return found

    def wait() -> None:
        waited.update(settled([SEALED["inventory.auditentry"]], patience=PATIENCE))
        connection.close()

    monkeypatch.setattr(settling, "_writers", look)
    early, _done, early_may_end = beside(lambda: record("in flight"))
    newest = record("newest")
    waiter = threading.Thread(target=wait)
    waiter.start()
    assert looked.wait(PATIENCE)
    later, _done, later_may_end = beside(lambda: record("later"))
    waiter.join(0.2)
    assert waiter.is_alive()
    early_may_end.set()
    early.join(PATIENCE)
    waiter.join(PATIENCE)
    assert waited == {"inventory.auditentry": newest.pk}
    later_may_end.set()
    later.join(PATIENCE)


def test_many_writers_and_two_sealers(plant: Plant) -> None:
    """Moves, some of them rolled back, while two seal all the time: each row exactly once."""
    lots = [plant.lot(100) for _n in range(4)]

    def work(lot: Any) -> None:
        for number in range(10):
            with transaction.atomic():
                line = stock.Move(lot=lot, source=plant.a1, target=plant.a2, quantity=Decimal(1))
                plant.do(stock.move, line)
                if number % 3 == 0:
                    transaction.set_rollback(True)

    def keep_sealing() -> None:
        for _n in range(8):
            sealing.seal(batch=3)

    at_once(keep_sealing, keep_sealing, *[lambda lot=lot: work(lot) for lot in lots])
    sealing.seal()
    for table in SEALED:
        assert sealed(table) == recorded(table)
    assert Movement.objects.filter(kind="move").count() == 4 * 6
    assert verifying.verify().sound
