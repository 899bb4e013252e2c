"""Everything that is recorded is sealed, once."""

from typing import Any

import pytest
from django.db import connection

from inventory.models import Seal
from inventory.seals import sealing, verifying
from inventory.seals.registry import SEALED
from tests.plant import Plant
from tests.seals.conftest import recorded, sealed

pytestmark = pytest.mark.django_db


def protected_tables() -> set[str]:
    """The tables with a trigger against changes."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'forestage_append_only'"
            )
        else:
            cursor.execute(
                "SELECT DISTINCT tbl_name FROM sqlite_master"
                " WHERE type = 'trigger' AND name LIKE '%%_no_update'"
            )
        return {row[0] for row in cursor.fetchall()}


def test_what_is_append_only_is_sealed() -> None:
    kinds = [kind.model for kind in SEALED.values() if kind.append_only]
    assert {model._meta.db_table for model in [*kinds, Seal]} == protected_tables()


def test_each_row_once_in_batches_in_order(day: Plant) -> None:
    made = sealing.seal(batch=5)
    assert [seal.sequence for seal in made] == list(range(1, len(made) + 1))
    for table in SEALED:
        assert sealed(table) == recorded(table)
        seals = list(Seal.objects.of(table).order_by("sequence"))
        assert [seal.first for seal in seals[1:]] == [seal.last + 1 for seal in seals[:-1]]
        assert all(0 < seal.count <= 5 for seal in seals)


def test_sealing_twice_seals_once(day: Plant) -> None:
    sealing.seal()
    assert sealing.seal() == []
    day.lot(1)
    before = Seal.objects.count()
    assert 0 < len(sealing.seal()) == Seal.objects.count() - before
    assert verifying.verify().sound


def test_nothing_is_sealed_where_nothing_is(db: None) -> None:
    assert sealing.seal() == []
    assert verifying.verify().sound


def test_a_batch_costs_the_same_however_long(
    plant: Plant, django_assert_max_num_queries: Any
) -> None:
    for _n in range(20):
        plant.lot(1)
    with django_assert_max_num_queries(70):  # five for a batch, three to look for the next
        sealing.seal()


def test_who_comes_second_stops(day: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers have read the same last seal; the other one's is written first."""
    ordinary = sealing.merkle.root
    others: list[Seal] = []

    def overtaken(entries: Any) -> bytes:
        if not others:
            monkeypatch.setattr(sealing.merkle, "root", ordinary)
            others.extend(sealing.seal(batch=4))
        return ordinary(entries)

    monkeypatch.setattr(sealing.merkle, "root", overtaken)
    assert sealing.seal(batch=4) == []
    assert Seal.objects.count() == len(others)
    assert verifying.verify().sound
