"""Rows changed by somebody who administers the database: each is found and named."""
# ruff: noqa: S608 - names of tables and columns, from the models

from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from inventory.models import Location, Movement, Seal, SealNotice
from inventory.seals import chain, content
from inventory.seals.registry import SEALED
from inventory.seals.sealing import seal
from inventory.seals.verifying import Kind, verify
from quality.models import Hold
from tests.plant import Plant
from tests.seals.conftest import Tamper, undone

pytestmark = pytest.mark.django_db

CHANGES = {
    "inventory.movement": "quantity = quantity + 1",
    "inventory.auditentry": "reason = 'other'",
    "inventory.lotlink": "quantity = 99",
    "inventory.refusedattempt": "code = 'other'",
    "quality.attachment": "name = 'other.pdf'",
    "quality.disposition": "outcome = 'reject'",
    "quality.decision": "signed_by = 'Somebody Else'",
    "quality.hold": "reason = 'other'",
    "quality.inspection": "passed = NOT passed",
    "quality.inspectionresult": "value = '8'",
    "quality.proposal": "kind = 'reject'",
    "quality.proposalend": "ending = 'withdrawn'",
    "staging.claimchange": "quantity = quantity + 1",
    "staging.alertstep": "reason = 'other'",
    "staging.claimstep": "change = change + 1",
    "quality.signature": "printed_name = 'Somebody Else'",
}


def found(**asked: Any) -> list[tuple[str, int, str]]:
    return [(one.table, one.number, str(one.kind)) for one in verify(**asked).findings]


def middle(table: str) -> int:
    """A row that has others before and after it."""
    rows = SEALED[table].model._default_manager.order_by("pk").values_list("pk", flat=True)
    return list(rows)[len(rows) // 2]


def in_use() -> list[tuple[str, str]]:
    """The kinds of record of which the day leaves some, and their tables."""
    kinds = [kind for kind in SEALED.values() if kind.model._default_manager.exists()]
    assert len(kinds) >= 6
    return [(kind.table, kind.model._meta.db_table) for kind in kinds]


def test_an_honest_day_is_sound(under_seal: Plant) -> None:
    report = verify()
    assert report.sound
    assert report.seals == Seal.objects.count() > 10
    assert report.rows == sum(kind.model._default_manager.count() for kind in SEALED.values())


def test_every_kind_of_record_is_tried() -> None:
    assert set(CHANGES) == set(SEALED)


def test_an_altered_row_is_named(under_seal: Plant, tamper: Tamper) -> None:
    for table, name in in_use():
        row = middle(table)
        with undone():
            tamper(f"UPDATE {name} SET {CHANGES[table]} WHERE id = %s", row)
            assert found() == [(table, row, "altered")]


def test_a_removed_row_is_named(under_seal: Plant, tamper: Tamper) -> None:
    for table, name in in_use():
        row = middle(table)
        with undone():
            tamper(f"DELETE FROM {name} WHERE id = %s", row)
            assert found() == [(table, row, "removed")]


def test_no_column_can_be_altered(under_seal: Plant, tamper: Tamper) -> None:
    row = Movement.objects.get(pk=middle("inventory.movement"))
    for column in SEALED["inventory.movement"].columns:
        with undone():
            sql = f"UPDATE inventory_movement SET {column} = %s WHERE id = %s"
            tamper(sql, another(row, column), row.pk)
            assert found() == [("inventory.movement", row.pk, "altered")], column


def another(row: Movement, column: str) -> Any:
    """A value that this column does not have in this row."""
    field = Movement._meta.get_field(column.removesuffix("_id"))
    if column in ("source_id", "target_id"):
        return Location.objects.exclude(pk__in=[row.source_id, row.target_id])[0].pk
    others = Movement.objects.exclude(**{column: getattr(row, column)}).exclude(**{column: None})
    if other := others.first():
        return field.get_db_prep_save(getattr(other, column), connection)
    return "x" if field.get_internal_type() in ("CharField", "TextField") else row.pk


@pytest.mark.parametrize("row", [-5, 0])
def test_a_row_inserted_before_all_others_is_named(
    row: int, under_seal: Plant, tamper: Tamper
) -> None:
    copy_movement(tamper, row)
    assert found() == [("inventory.movement", row, "inserted")]


def test_a_row_inserted_in_a_gap_is_named(day: Plant, tamper: Tamper) -> None:
    """Numbers are missing where a transaction was rolled back: nothing may be slipped in there."""
    gap = Movement.objects.order_by("pk").last().pk + 1  # type: ignore[union-attr]
    tamper("UPDATE inventory_movement SET id = id + 5 WHERE id = %s", gap - 1)
    seal(batch=3)
    copy_movement(tamper, gap)
    assert found() == [("inventory.movement", gap, "inserted")]


def copy_movement(tamper: Tamper, row: int) -> None:
    columns = ", ".join(name for name in SEALED["inventory.movement"].columns)
    tamper(
        f"INSERT INTO inventory_movement (id, {columns})"
        f" SELECT %s, {columns} FROM inventory_movement ORDER BY id LIMIT 1",
        row,
    )


def swap(tamper: Tamper, one: int, other: int) -> None:
    for old, new in ((one, -1), (other, one), (-1, other)):
        tamper("UPDATE inventory_movement SET id = %s WHERE id = %s", new, old)


@pytest.mark.parametrize("apart", [1, 7], ids=["in one batch", "across batches"])
def test_rows_that_changed_places_are_named(apart: int, under_seal: Plant, tamper: Tamper) -> None:
    one = Movement.objects.order_by("pk")[0].pk
    swap(tamper, one, one + apart)
    assert found() == [
        ("inventory.movement", one, "reordered"), ("inventory.movement", one + apart, "reordered"),
    ]  # fmt: skip
    assert verify().findings[0].detail == f"was row {one + apart}"


def test_a_row_with_another_number_is_named_twice(under_seal: Plant, tamper: Tamper) -> None:
    row = middle("inventory.movement")
    tamper("UPDATE inventory_movement SET id = -1 WHERE id = %s", row)
    assert found() == [
        ("inventory.movement", -1, "reordered"), ("inventory.movement", row, "reordered"),
    ]  # fmt: skip


def test_lifting_a_hold_is_no_tampering(under_seal: Plant, tamper: Tamper) -> None:
    hold = Hold.objects.order_by("pk").first()
    assert hold
    under_seal.lift(hold)
    assert verify().sound


# --- the seals themselves -----------------------------------------------------------------------


SEAL_CHANGES = (
    "root = previous", "first = first - 1", "last = last + 1", "hash = root", "previous = root",
    "count = count + 1", "columns = '[]'", "sealed_at = '2020-01-01 00:00:00+00:00'",
    "entries = (SELECT entries FROM inventory_seal WHERE sequence = 1)",
)  # fmt: skip


def test_an_altered_seal_is_named(under_seal: Plant, tamper: Tamper) -> None:
    for change in SEAL_CHANGES:
        with undone():
            tamper(f"UPDATE inventory_seal SET {change} WHERE sequence = 3")
            assert ("inventory.seal", 3, "altered") in found(), change


def test_a_removed_seal_is_named(under_seal: Plant, tamper: Tamper) -> None:
    tamper("DELETE FROM inventory_seal WHERE sequence = 3")
    assert found() == [("inventory.seal", 3, "removed")]


def test_seals_that_changed_places_are_named(under_seal: Plant, tamper: Tamper) -> None:
    for old, new in ((2, 900), (3, 2), (900, 3)):
        tamper("UPDATE inventory_seal SET sequence = %s WHERE sequence = %s", new, old)
    assert {("inventory.seal", 2, "altered"), ("inventory.seal", 3, "altered")} <= set(found())


def test_the_last_seal_removed_is_found_by_a_published_one(
    under_seal: Plant, tamper: Tamper
) -> None:
    last = Seal.objects.newest()
    tamper("DELETE FROM inventory_seal WHERE sequence = %s", last.sequence)
    assert verify().sound  # by itself a chain cannot tell that it was longer
    assert found(published={last.sequence: last.hash}) == [
        ("inventory.seal", last.sequence, "removed")
    ]


def test_the_last_seal_removed_is_found_by_the_note_of_what_was_sent(
    under_seal: Plant, tamper: Tamper
) -> None:
    last = Seal.objects.newest()
    SealNotice.objects.create(
        sequence=last.sequence, hash=last.hash, address="a@example.com", due_at=under_seal.now
    )
    tamper("DELETE FROM inventory_seal WHERE sequence = %s", last.sequence)
    assert found() == [("inventory.seal", last.sequence, "removed")]


def test_a_chain_made_anew_is_found_by_a_published_seal(under_seal: Plant, tamper: Tamper) -> None:
    """Somebody who can write everything alters a row and seals all again, quite correctly."""
    last = Seal.objects.newest()
    row = middle("inventory.movement")
    tamper("UPDATE inventory_movement SET quantity = quantity + 1 WHERE id = %s", row)
    tamper("DELETE FROM inventory_seal")
    seal(batch=3)
    assert verify().sound
    assert found(published={last.sequence: last.hash}) == [
        ("inventory.seal", last.sequence, "altered")
    ]


def test_a_table_that_is_gone_is_named(under_seal: Plant, tamper: Tamper) -> None:
    first = Seal.objects.defer(None).get(pk=1)
    for column in ("table", "columns"):
        with undone():
            before = getattr(first, column)
            setattr(first, column, "no.such" if column == "table" else ["no_such"])
            tamper(
                f'UPDATE inventory_seal SET "{column}" = %s, hash = %s WHERE sequence = 1',
                first.table if column == "table" else content.dumps(first.columns),
                chain.link(first.previous, chain.digest(first)),
            )
            assert ("inventory.seal", 1, "altered") in found(end=1)
            setattr(first, column, before)


def test_a_part_of_the_chain_can_be_looked_at(under_seal: Plant, tamper: Tamper) -> None:
    row = middle("inventory.movement")
    over = Seal.objects.over("inventory.movement", row)
    tamper("UPDATE inventory_movement SET quantity = quantity + 1 WHERE id = %s", row)
    assert found(start=over.sequence, end=over.sequence) == [("inventory.movement", row, "altered")]
    assert found(start=over.sequence + 1) == []
    assert found(end=over.sequence - 1) == []


def test_it_stops_when_there_is_too_much(
    under_seal: Plant, tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.seals.verifying.MOST", 4)
    tamper("UPDATE inventory_movement SET quantity = quantity + 1")
    report = verify()
    assert report.cut_short
    assert [one.kind for one in report.findings] == [Kind.ALTERED] * 4


@pytest.mark.parametrize(
    "event", ["UPDATE inventory_seal SET count = 1", "DELETE FROM inventory_seal"]
)
def test_a_seal_is_never_changed(event: str, under_seal: Plant) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(event)
