"""Writers that commit in any order, and readers beside them, with real commits.

Runs on both databases; on SQLite, where one writes at a time, transactions cannot overlap.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from django.db import connection, transaction

from integration.feed import reading
from integration.feed.reading import Event, Filters
from inventory import actions as stock
from inventory.models import Lot, Movement
from tests.plant import Plant

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, TIMES, PATIENCE = 8, 5, 60
PAGE = 3
D = Decimal


def in_thread(act: Callable[[], None], crashes: list[BaseException]) -> threading.Thread:
    """Runs on a connection of its own; what it raises is handed over."""

    def run() -> None:
        try:
            act()
        except BaseException as crash:
            crashes.append(crash)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@dataclass
class Reader:
    """Follows the feed page by page until all is done; if it `restarts`, with its cursor alone."""

    cursor: int
    done: threading.Event
    restarts: bool
    seen: list[Event] = field(default_factory=list)

    def follow(self) -> None:
        while True:
            finished = self.done.is_set()
            found = reading.page(self.cursor, where=Filters(), most=PAGE)
            wanted = range(self.cursor + 1, found.cursor + 1)
            assert [event.position for event in found.events] == list(wanted)
            self.seen += found.events
            self.cursor = found.cursor
            if self.restarts:
                connection.close()
            if finished and not found.events:
                return
            time.sleep(0 if found.more else 0.005)


def write(plant: Plant, lots: list[Lot], chance: random.Random) -> None:
    """Receipts and moves in transactions that take their time, some of which are undone."""
    material = plant.material()
    for number in range(TIMES):
        with transaction.atomic():
            receipt = stock.Receipt(
                material=material, number=f"N{number}", quantity=D(1), location=plant.a1
            )
            plant.do(stock.receive, receipt)
            time.sleep(chance.random() / 20)
            if chance.random() < 0.5:
                lot = chance.choice(lots)
                move = stock.Move(lot=lot, source=plant.a1, target=plant.a2, quantity=D(1))
                plant.do(stock.move, move)
            transaction.set_rollback(chance.random() < 0.2)


def test_readers_beside_eight_writers_see_every_event_once_and_in_order(plant: Plant) -> None:
    """What readers with small pages saw is what a look at the whole sees afterwards: nothing has
    appeared before a cursor."""
    lots = [plant.lot(1000) for _ in range(3)]
    begun = reading.page(0, where=Filters(), most=500).cursor
    before = set(Movement.objects.values_list("pk", flat=True))
    done, crashes = threading.Event(), list[BaseException]()
    readers = [Reader(begun, done, restarts) for restarts in (False, True)]
    connection.close()
    writing = [
        in_thread(lambda n=n: write(plant, lots, random.Random(n)), crashes)  # type: ignore[misc]
        for n in range(WRITERS)
    ]
    reading_ = [in_thread(reader.follow, crashes) for reader in readers]
    for thread in writing:
        thread.join(PATIENCE)
    reading.newest()
    done.set()
    for thread in reading_:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in (*writing, *reading_))
    assert not crashes, crashes

    in_the_end = reading.after(begun, where=Filters(), most=10_000)
    for reader in readers:
        assert reader.seen == in_the_end
    keys = [int(event.id.removeprefix("movement-")) for event in in_the_end]
    posted = set(Movement.objects.values_list("pk", flat=True)) - before
    assert len(posted) > WRITERS
    assert sorted(keys) == sorted(posted)
    by_key = dict(zip(keys, in_the_end, strict=True))
    for lot in lots:  # whose lock orders what is done to it
        own = [key for key in keys if by_key[key].data["lot"] == lot.code]
        assert own == sorted(own)
    if connection.vendor == "postgresql":  # else this has shown nothing
        assert keys != sorted(keys), "no transaction has overtaken another"
