"""A plant that has done everything once: each verb that is an event, by the actions themselves."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from inventory import actions as stock
from inventory.actions import save_master
from inventory.audit import Actor
from inventory.models import Container, Lot, Material, Movement, Surface
from quality import actions as quality
from quality.models import Meaning
from staging import actions as staging
from staging.models import Demand
from tests.factories import UserFactory
from tests.plant import Plant

D = Decimal
PREFIX = "9521141"
GTIN, SERIAL_GTIN = "09521141123454", "09521141543214"
GLN = "9521141000014"
PALLET_SSCC = "095211411234567892"


class Busy(Plant):
    """Tablets by lot and devices by serial number, with GS1 keys; other things without."""

    tablets: Material
    device: Material
    pallet: Container

    def begin(self) -> None:
        self.reader = Actor(UserFactory(role="auditor"), Surface.COMMAND)
        self.site.gs1_prefix, self.site.time_zone = PREFIX, "Europe/Berlin"
        self.a1.gln, self.a1.gln_extension = GLN, "BIN-07-03"
        for row in (self.site, self.a1):
            save_master(row, by=self.operator, at=self.now)
        self.tablets = self.material(gtin=GTIN)
        self.device = self.pieces(gtin=SERIAL_GTIN, tracking="serial", initial_status="released")

    def verb(self, action: Any, line: Any, at: datetime | None = None) -> Any:
        return action(lines=[line], by=self.operator, at=at or self.now)

    def undo(self, movement: Movement) -> None:
        self.verb(staging.reverse, stock.Reversal(movement=movement, reason="wrong"))

    def sign(self, action: Any, line: type[Any], lot: Lot, **more: Any) -> None:
        signed = line(lot=lot, meaning=Meaning.APPROVAL, reason="seen", password="secret", **more)
        action(lines=[signed], by=self.qa, at=self.now)

    def everything(self) -> None:
        self.begin()
        self.storage()
        self.containers()
        self.production()
        self.shipping()
        self.decisions()
        self.mistakes()

    def storage(self) -> None:
        lot = self.lot(100, material=self.tablets, number="LOT-A/7", reference="PO-1")
        self.verb(stock.put_away, stock.Move(lot=lot, target=self.a2, quantity=D(10)))
        self.verb(stock.move, stock.Move(lot=lot, source=self.a2, target=self.cage, quantity=D(5)))
        for action in (stock.sample, stock.scrap, stock.send_back):
            line = stock.Removal(lot=lot, quantity=D("0.5"), reason="so", source=self.a2)
            self.verb(action, line)
        self.verb(
            stock.adjust, stock.Count(lot=lot, location=self.a2, quantity=D(3), reason="counted")
        )
        old = self.lot(5, expires_in=-1, released=False)
        self.verb(stock.move, stock.Move(lot=old, target=self.cage))
        self.lot(1, material=self.device, number="S-1")

    def containers(self) -> None:
        lot = Lot.objects.get(number="LOT-A/7")
        [self.pallet] = self.verb(
            stock.new_container,
            stock.NewContainer(code="PAL-1", sscc=PALLET_SSCC, location=self.a1),
        )
        [box] = self.verb(stock.new_container, stock.NewContainer(code="BOX", location=self.a2))
        self.verb(stock.pack, stock.Pack(lot=lot, container=self.pallet, quantity=D(50)))
        self.verb(stock.unpack, stock.Pack(lot=lot, container=self.pallet, quantity=D(10)))
        self.lot(4, at=self.a2, container=box)
        self.verb(stock.move_container, stock.MoveContainer(container=box, target=self.a1))

    def production(self) -> None:
        lot, product = Lot.objects.get(number="LOT-A/7"), self.material(gtin="")
        serial = Lot.objects.get(number="S-1")
        order = self.order((self.tablets, 20), (self.device, 1), reference="MO-56", product=product)
        self.stage(order, lot, source=self.a1)
        self.stage(order, serial)
        moved = staging.Transfer(lot=lot, target=self.l2, quantity=D(1))
        self.verb(staging.transfer, moved)
        self.verb(staging.unstage, staging.Unstaging(lot=lot, lane=self.l2, target=self.a1))
        self.verb(staging.issue, staging.Issue(lot=lot))
        self.verb(staging.issue, staging.Issue(lot=serial))
        self.verb(staging.consume, staging.Consumption(lot=lot, quantity=D(15)))
        self.verb(staging.consume, staging.Consumption(lot=serial))
        self.verb(staging.return_remainder, staging.Remainder(lot=lot, target=self.a1))
        self.verb(
            staging.produce,
            staging.Output(demand=order, number="B-1", quantity=D(9), location=self.a1),
        )
        made = Lot.objects.get(number="B-1")
        line = stock.Split(lot=made, number="B-1-A", quantity=D(4))
        quality.split_lot(lines=[line], by=self.qa, at=self.now)
        part = Lot.objects.get(number="B-1-A")
        quality.merge_lots(lines=[stock.Merge(lot=part, into=made)], by=self.qa, at=self.now)

    def shipping(self) -> None:
        lot = Lot.objects.get(number="LOT-A/7")
        shipment = self.shipment((self.tablets, 45), reference="SHP-9")
        self.stage(shipment, lot, self.dock, container=self.pallet)
        self.stage(shipment, lot, self.dock, source=self.a1, quantity=5)
        load = staging.Loading(lot=lot, vehicle=self.truck, container=self.pallet)
        self.verb(staging.load, load)
        self.verb(staging.load, staging.Loading(lot=lot, vehicle=self.truck, lane=self.dock))
        self.verb(
            staging.unload,
            staging.Unloading(lot=lot, target=self.dock, container=self.pallet),
        )
        self.verb(staging.ship, staging.Shipping(demand=shipment, lot=lot, container=self.pallet))
        self.undo(Movement.objects.filter(kind="ship").latest("pk"))

    def decisions(self) -> None:
        for number, (action, line) in enumerate(
            [(quality.reject, quality.Rejection), (quality.restrict, quality.Restriction)]
        ):
            lot = self.lot(1, released=False, number=f"Q-{number}")
            more = {"references": ("MO-56",)} if action is quality.restrict else {}
            self.sign(action, line, lot, **more)
            self.sign(quality.reopen, quality.Reopening, lot)
        lot = Lot.objects.get(number="LOT-A/7")
        again = self.lot(1, material=self.tablets, number="LOT-2", reference="PO-2")
        self.sign(quality.reopen, quality.Reopening, again)
        gone = self.lot(1, number="GONE")
        self.verb(stock.scrap, stock.Removal(lot=gone, quantity=D(1), reason="so"))
        self.sign(quality.close_lot, quality.Closing, gone)
        for target in (
            {"lot": again}, {"container": self.pallet}, {"location": self.cage},
            {"material": self.tablets}, {"supplier_lot": "SUP 1"},
        ):  # fmt: skip
            self.lift(self.hold(**target))
        assert lot.status == "released"

    def mistakes(self) -> None:
        """A staging that never was, and one that was of less."""
        lot = self.lot(100, number="WRONG")
        shipment = self.shipment((lot.material, 80), reference="SHP-10")
        earlier = self.now - timedelta(minutes=5)
        self._stage_at(lot, shipment, 80, earlier)
        self.verb(staging.unstage, staging.Unstaging(lot=lot, target=self.a1, quantity=D(30)))
        self.undo(Movement.objects.get(kind="unstage", lot=lot))
        self.undo(Movement.objects.get(kind="stage", lot=lot))
        self._stage_at(lot, shipment, 60, earlier)
        received = self.lot(3, number="NEVER", reference="PO-3", container=self._box())
        self.undo(Movement.objects.get(lot=received))

    def _stage_at(self, lot: Lot, demand: Demand, quantity: int, at: datetime) -> None:
        line = staging.Staging(demand=demand, lot=lot, lane=self.dock, quantity=D(quantity))
        self.verb(staging.stage, line, at=at)

    def _box(self) -> Container:
        line = stock.NewContainer(code="BOX-3", location=self.a1)
        made: Container = self.verb(stock.new_container, line)[0]
        return made
