"""The database itself keeps history and quantities sound, and `check_ledger` finds what is not."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.db.utils import DatabaseError

from inventory import actions as stock
from inventory import verbs
from inventory.append_only import trigger_sql
from inventory.errors import Refused
from inventory.models import (
    AuditEntry,
    Balance,
    Container,
    Location,
    LotLink,
    Movement,
    RefusedAttempt,
)
from quality import actions as quality
from quality.models import Decision, Inspection, Outcome
from staging import actions as staging
from staging.checks import breaches
from staging.models import Commitment
from tests.plant import Plant
from tests.standing import built_once

D = Decimal


@built_once
def worked_in(plant: Plant) -> Plant:
    """A plant in which a bit of everything has happened."""
    lot = plant.lot(100, number="LOT", released=False)
    result = quality.Result(lot=lot, characteristic="purity", value="99", lower=D(98))
    plant.do(quality.record_inspection, result, by=plant.lab)
    plant.release(lot)
    file = ContentFile(b"%PDF-1.7", "coa.pdf")
    quality.attach(lot=lot, file=file, by=plant.lab, at=plant.now)
    bad = quality.Result(lot=plant.lot(), characteristic="look", value="torn", passed=False)
    [failed] = plant.do(quality.record_inspection, bad, by=plant.lab)
    left = quality.Verdict(inspection=failed, outcome=Outcome.REJECT, reason="torn indeed")
    plant.do(quality.dispose_inspection, left)
    plant.do(quality.split_lot, stock.Split(lot=lot, number="PART", quantity=D(10)))
    order = plant.order((lot.material, 60))
    plant.do(staging.allocate, staging.AllocationLine(demand=order, lot=lot, quantity=D(20)))
    plant.stage(order, lot, quantity=30)
    plant.do(staging.allocate, staging.AllocationLine(demand=plant.order((lot.material, 5))))
    plant.do(staging.issue, staging.Issue(lot=lot, quantity=D(5)))
    plant.do(staging.consume, staging.Consumption(lot=lot, quantity=D(2)))
    assert breaches() == []
    line = staging.Issue(lot=lot, quantity=D(500))
    with pytest.raises(Refused):
        verbs.carry_out(verbs.REGISTRY["issue"], [line], by=plant.operator, at=plant.now)
    return plant


def sql(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.rowcount)


# --- history ------------------------------------------------------------------------------------

HISTORY = {
    "inventory_movement": "quantity = 1",
    "inventory_auditentry": "reason = 'other'",
    "inventory_refusedattempt": "code = 'other'",
    "inventory_lotlink": "kind = 'merge'",
    "quality_decision": "to_status = 'rejected'",
    "quality_inspection": "passed = NOT passed",
    "quality_inspectionresult": "value = '100'",
    "quality_disposition": "outcome = 'accept'",
    "quality_attachment": "name = 'other.pdf'",
}


@pytest.mark.parametrize("table", HISTORY)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1}", "DELETE FROM {0}"])
def test_history_cannot_be_changed_by_sql(worked_in: Plant, table: str, statement: str) -> None:
    count = "SELECT * FROM {0}"
    before = sql(count.format(table))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(statement.format(table, HISTORY[table]))
    assert sql(count.format(table)) == before


@pytest.mark.parametrize(
    "model", [Movement, AuditEntry, RefusedAttempt, LotLink, Decision, Inspection]
)
def test_history_cannot_be_changed_by_the_orm(worked_in: Plant, model: type) -> None:
    row = model.objects.order_by("pk").first()
    with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
        row.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        model.objects.filter(pk=row.pk).update(reason="other")


@pytest.mark.parametrize("thing", ["lot", "material", "location", "demand", "user", "container"])
def test_what_has_history_cannot_be_deleted(worked_in: Plant, thing: str) -> None:
    lot = Movement.objects.order_by("pk")[0].lot
    worked_in.do(stock.new_container, stock.NewContainer(code="C1", location=worked_in.a1))
    container = Container.objects.get(code="C1")
    worked_in.do(stock.pack, stock.Pack(lot=lot, container=container, quantity=D(1)))
    row = {
        "lot": lot,
        "material": lot.material,
        "location": worked_in.a1,
        "demand": Commitment.objects.order_by("pk")[0].requirement.demand,
        "user": worked_in.operator.user,
        "container": container,
    }[thing]
    with pytest.raises(ProtectedError):
        row.delete()


# --- quantities ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inventory_balance SET quantity = -1",
        "UPDATE inventory_balance SET reserved = -1",
        "UPDATE inventory_balance SET bound = -1",
        "UPDATE inventory_balance SET bound = quantity + 1",
        "UPDATE staging_commitment SET quantity = -1",
        "UPDATE staging_commitment SET quantity = 0 WHERE closed_at IS NULL",
        "UPDATE staging_requirement SET quantity = -1",
        "UPDATE staging_demand SET cancelled = NOT cancelled",
        "UPDATE inventory_location SET purpose = 'kitting' WHERE kind = 'storage'",
        "INSERT INTO inventory_balance (id, lot_id, location_id, quantity, reserved, bound)"
        " SELECT '00000000000000000000000000000001', lot_id, location_id, 1, 0, 0"
        " FROM inventory_balance WHERE container_id IS NULL LIMIT 1",
    ],
)
def test_the_database_refuses(worked_in: Plant, statement: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        sql(statement)


@pytest.mark.parametrize(
    "changes", [{"quantity": D(0)}, {"quantity": D(-1)}, {"target": "source", "kind": "move"}]
)
def test_no_movement_of_nothing_or_to_nowhere(worked_in: Plant, changes: dict[str, object]) -> None:
    row = Movement.objects.order_by("pk")[0]
    row.pk = None
    for name, value in changes.items():
        setattr(row, name, row.source if value == "source" else value)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


# --- check_ledger -------------------------------------------------------------------------------


def unprotected(statement: str) -> Callable[[Plant], None]:
    """Plant a breach past the triggers of the movements."""

    def plant_it(_plant: Plant) -> None:
        on = "" if connection.vendor == "sqlite" else " ON inventory_movement"
        for event in ("update", "delete"):
            sql(f"DROP TRIGGER inventory_movement_no_{event}{on}")
        sql(statement)
        for restored in trigger_sql("inventory_movement", connection.vendor):
            sql(restored)

    return plant_it


def astray(plant: Plant) -> None:
    plant.do(stock.new_container, stock.NewContainer(code="OUT", location=plant.a1))
    plant.do(stock.new_container, stock.NewContainer(code="IN", location=plant.a1))
    outer = Container.objects.get(code="OUT")
    Container.objects.filter(code="IN").update(parent=outer, location=plant.a2)


def unpacked(plant: Plant) -> None:
    lot = Movement.objects.order_by("pk")[0].lot
    plant.do(stock.new_container, stock.NewContainer(code="C1", location=plant.a1))
    container = Container.objects.get()
    plant.do(stock.pack, stock.Pack(lot=lot, container=container, quantity=D(1)))
    Container.objects.update(location=plant.a2)


def serial_in_two_places(plant: Plant) -> None:
    lot = plant.lot(1, material=plant.material(tracking="serial"))
    balance = lot.balances.get()
    Balance.objects.create(lot=lot, location=plant.a2, quantity=D(1))
    assert balance.quantity == 1


BREACHES: dict[str, tuple[str, Callable[[Plant], object]]] = {
    "balance raised": (
        "balance:",
        lambda plant: sql("UPDATE inventory_balance SET quantity = quantity + 1"),
    ),
    "movement changed": (
        "balance:",
        unprotected("UPDATE inventory_movement SET quantity = quantity + 1 WHERE kind = 'stage'"),
    ),
    "movement lost": ("balance:", unprotected("DELETE FROM inventory_movement WHERE kind='issue'")),
    "ledger below zero": (
        "below zero:",
        unprotected("DELETE FROM inventory_movement WHERE kind = 'receive'"),
    ),
    "reserved differs": (
        "reserved:",
        lambda plant: sql("UPDATE inventory_balance SET reserved = 0 WHERE reserved > 0"),
    ),
    "bound differs": (
        "bound:",
        lambda plant: sql("UPDATE inventory_balance SET bound = 0 WHERE bound > 0"),
    ),
    "committed without a balance": (
        "claims:",
        lambda plant: Commitment.objects.filter(state="staged").update(location=plant.l2),
    ),
    "staged outside a lane": (
        "place:",
        lambda plant: Commitment.objects.filter(state="staged").update(location=plant.a1),
    ),
    "demand closed under it": (
        "demand:",
        lambda plant: sql(
            "UPDATE staging_demand SET closed_at = created_at,"
            " closed_by_id = (SELECT MIN(id) FROM auth_user)"
        ),
    ),
    "more than needed": ("demand:", lambda plant: sql("UPDATE staging_requirement SET quantity=1")),
    "used differs": (
        "used:",
        lambda plant: Commitment.objects.filter(state="used").update(quantity=D(1)),
    ),
    "not gated": (
        "gate:",
        unprotected("UPDATE inventory_movement SET rule_version = NULL WHERE kind = 'stage'"),
    ),
    "serial twice": ("serial:", serial_in_two_places),
    "container left its contents": ("container:", unpacked),
    "container left its container": ("container:", astray),
    "reversal of something else": (
        "reversal:",
        unprotected(
            "UPDATE inventory_movement SET kind = 'reverse', reverses_id ="
            " (SELECT MIN(id) FROM inventory_movement) WHERE kind = 'issue'"
        ),
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_check_ledger_finds(
    worked_in: Plant, breach: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("check_ledger")
    prefix, plant_it = BREACHES[breach]
    plant_it(worked_in)
    with pytest.raises(CommandError) as failed:
        call_command("check_ledger")
    assert failed.value.returncode == 1
    printed = capsys.readouterr().out
    assert prefix in printed, printed


def test_quantities_are_never_floats(worked_in: Plant) -> None:
    rows = [*Balance.objects.all(), *Movement.objects.all(), *Commitment.objects.all()]
    assert {type(row.quantity) for row in rows} == {Decimal}
    assert not Location.objects.filter(pk=worked_in.l1.pk, balances__quantity__lt=0).exists()
