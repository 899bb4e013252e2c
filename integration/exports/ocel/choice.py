"""Which part of the flow."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from integration.exports.span import Span
from inventory.fields import Words
from inventory.models import Container, Location, Lot, LotLink, Material, Movement
from inventory.sites import Limit, kept_to, told_of
from quality.models import Decision, Hold
from staging.models import Demand, Requirement

FILTERS: dict[str, Words] = {
    "site": _("Code of a site: what moved there, or from or to there."),
    "material": _("Code of a material."),
    "lot": _("Code of a lot."),
    "demand": _("Reference of a demand: what moved for it."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A range of movements, narrowed down by codes; decisions and holds of the same time follow.

    What happened to lots is of the lots that moved, where something narrows the movements down.
    Every object that an event is about is among the objects.
    """

    span: Span = field(default_factory=Span)
    site: str = ""
    material: str = ""
    lot: str = ""
    demand: str = ""
    limit: Limit | None = None
    """Of which sites; None: of all. Where something moved to or from another site, that place is an
    object as well, with nothing but its site."""

    # --- events -----------------------------------------------------------------------------

    def movements(self) -> QuerySet[Movement]:
        found = kept_to(self.span.movements(), self.limit)
        if self.site:
            found = found.filter(Q(source__site__code=self.site) | Q(target__site__code=self.site))
        if self.material:
            found = found.filter(lot__material__code=self.material)
        if self.lot:
            found = found.filter(lot__code=self.lot)
        return found.filter(reference=self.demand) if self.demand else found

    def decisions(self) -> QuerySet[Decision]:
        found: QuerySet[Decision] = kept_to(self.span.of(Decision), self.limit)
        return found.filter(lot__in=self._moved()) if self._narrowed else found

    def holds(self) -> QuerySet[Hold]:
        """Those on lots, containers, places and materials, by when they were placed."""
        found: QuerySet[Hold] = kept_to(self.span.of(Hold), self.limit).filter(supplier_lot="")
        return found.filter(lot__in=self._moved()) if self._narrowed else found

    @property
    def _narrowed(self) -> bool:
        return bool(self.site or self.material or self.lot or self.demand)

    def _moved(self) -> Any:
        return self.movements().values("lot")

    # --- objects ----------------------------------------------------------------------------

    def lots(self) -> QuerySet[Lot]:
        decided, held = self.decisions().values("lot"), self.holds().values("lot")
        found = Q(pk__in=self._moved()) | Q(pk__in=decided) | Q(pk__in=held)
        return Lot.objects.filter(found)

    def materials(self) -> QuerySet[Material]:
        held = self.holds().values("material")
        return Material.objects.filter(Q(pk__in=self.lots().values("material")) | Q(pk__in=held))

    def locations(self) -> QuerySet[Location]:
        moved, held = self.movements(), self.holds().values("location")
        return Location.objects.filter(
            Q(pk__in=moved.values("source")) | Q(pk__in=moved.values("target")) | Q(pk__in=held)
        )

    def containers(self) -> QuerySet[Container]:
        moved, held = self.movements(), self.holds().values("container")
        found = Q(pk__in=moved.values("from_container")) | Q(pk__in=moved.values("to_container"))
        return Container.objects.filter(found | Q(pk__in=held))

    def demands(self) -> QuerySet[Demand]:
        known = kept_to(Demand.objects.all(), self.limit)
        return known.filter(reference__in=self.movements().values("reference"))

    # --- what objects have to do with each other --------------------------------------------

    def links(self, lots: list[Lot]) -> QuerySet[LotLink]:
        """What lots were made from, as far as that is among the objects."""
        return LotLink.objects.filter(child__in=lots, parent__in=self.lots().values("pk"))

    def needs(self, demands: list[Demand]) -> QuerySet[Requirement]:
        known = self.materials().values("pk")
        return Requirement.objects.filter(demand__in=demands, material__in=known)

    def facts(self) -> dict[str, Any]:
        """For the audit trail."""
        told = told_of(self.limit)
        narrowed = {} if told is None else {"sites": told}
        return self.span.facts() | {name: getattr(self, name) for name in FILTERS} | narrowed

    def shows(self, place: Location | None) -> bool:
        """Whether what stands there may be told of: the other end of a transfer is only named."""
        return self.limit is None or (place is not None and place.site_id in self.limit)
