"""A small plant for tests: places, people and short words for the actions."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from inventory import actions as stock
from inventory.audit import Actor
from inventory.models import Location, Lot, Material, Site, Surface, Unit
from quality import actions as quality
from quality.models import Hold, Meaning
from staging import actions as staging
from staging.models import Demand
from tests.factories import LocationFactory, MaterialFactory, SiteFactory, UserFactory


@dataclass
class Plant:
    """One site: storage A1 and A2, a cage, lanes L1 and L2 (line-side), BUF (buffer), DOCK
    (shipping lane), work centre WC, truck TRUCK and customer CUST."""

    site: Site = field(default_factory=SiteFactory)

    def __post_init__(self) -> None:
        self.operator = Actor(UserFactory(role="operator"), Surface.COMMAND)
        self.qa = Actor(UserFactory(role="qa"), Surface.COMMAND)
        self.lab = Actor(UserFactory(role="qa"), Surface.COMMAND)
        place = self._place
        self.a1, self.a2 = place("A1"), place("A2")
        self.cage = place("CAGE", kind="quarantine")
        self.l1 = place("L1", kind="staging", purpose="line_side")
        self.l2 = place("L2", kind="staging", purpose="line_side")
        self.buf = place("BUF", kind="staging", purpose="wip_buffer")
        self.dock = place("DOCK", kind="staging", purpose="shipping_lane")
        self.wc = place("WC", kind="work_center")
        self.truck = place("TRUCK", kind="transit")
        self.customer = place("CUST", kind="customer")

    def _place(self, code: str, **kwargs: Any) -> Location:
        return LocationFactory(site=self.site, code=f"{self.site.code}-{code}", **kwargs)

    @property
    def now(self) -> datetime:
        return timezone.now()

    def material(self, **kwargs: Any) -> Material:
        return MaterialFactory(**kwargs)

    def pieces(self, **kwargs: Any) -> Material:
        return MaterialFactory(base_unit=Unit.objects.get(code="EA"), **kwargs)

    def lot(
        self,
        quantity: Any = 100,
        *,
        material: Material | None = None,
        number: str = "",
        at: Location | None = None,
        released: bool = True,
        expires_in: int | None = None,
        **receipt: Any,
    ) -> Lot:
        """Receive a lot, and release it unless told otherwise."""
        material = material or self.material()
        number = number or f"N{Lot.objects.count() + 1}"
        if expires_in is not None:
            receipt["expires_on"] = timezone.localdate() + timedelta(days=expires_in)
        line = stock.Receipt(
            material=material,
            number=number,
            quantity=Decimal(quantity),
            location=at or self.a1,
            **receipt,
        )
        stock.receive(lines=[line], by=self.operator, at=self.now)
        lot = Lot.objects.get(material=material, number=number)
        if released and lot.status != "released":
            self.release(lot)
        lot.refresh_from_db()
        return lot

    def release(self, *lots: Lot) -> None:
        lines = [
            quality.Release(lot=lot, meaning=Meaning.APPROVAL, reason="fine", password="secret")
            for lot in lots
        ]
        quality.release(lines=lines, by=self.qa, at=self.now)

    def hold(self, reason: str = "suspect", **target: Any) -> Hold:
        line = quality.NewHold(reason=reason, **target)
        return quality.place_hold(lines=[line], by=self.qa, at=self.now)[0]

    def lift(self, hold: Hold) -> None:
        line = quality.Lift(hold=hold, meaning=Meaning.REVIEW, reason="fine", password="secret")
        quality.lift_hold(lines=[line], by=self.qa, at=self.now)

    def order(self, *needs: tuple[Material, Any], **kwargs: Any) -> Demand:
        """A production order at the work centre."""
        return self._demand("production", needs, work_center=self.wc, **kwargs)

    def shipment(self, *needs: tuple[Material, Any], **kwargs: Any) -> Demand:
        return self._demand("shipment", needs, customer=self.customer, **kwargs)

    def _demand(self, kind: str, needs: tuple[tuple[Material, Any], ...], **kwargs: Any) -> Demand:
        line = staging.NewDemand(
            reference=kwargs.pop("reference", f"D{Demand.objects.count() + 1}"),
            kind=kind,  # type: ignore[arg-type]
            site=self.site,
            needed_at=kwargs.pop("needed_at", self.now + timedelta(hours=4)),
            requirements=tuple(
                staging.Need(material=material, quantity=Decimal(quantity))
                for material, quantity in needs
            ),
            **kwargs,
        )
        return staging.create_demand(lines=[line], by=self.operator, at=self.now)[0]

    def stage(self, demand: Demand, lot: Lot, lane: Location | None = None, **kwargs: Any) -> Any:
        if "quantity" in kwargs:
            kwargs["quantity"] = Decimal(kwargs["quantity"])
        line = staging.Staging(demand=demand, lot=lot, lane=lane or self.l1, **kwargs)
        return staging.stage(lines=[line], by=self.operator, at=self.now)

    def do(self, verb: Any, *lines: Any, by: Actor | None = None) -> Any:
        """Run an action on lines, as the operator."""
        return verb(lines=list(lines), by=by or self.operator, at=self.now)
