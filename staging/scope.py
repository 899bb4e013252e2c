"""What part of the plant a board shows: sites and areas, and the demands of some customers."""

from dataclasses import dataclass
from typing import Self

from django.db.models import Q

from inventory.models import Location, LocationKind
from staging.models import Display, StagedStock


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything of the sites, by their ids, and what lies within the areas, by their paths."""

    sites: tuple[int, ...] = ()
    paths: tuple[str, ...] = ()

    @classmethod
    def of(cls, display: Display) -> Self:
        """What a wall screen is limited to. Two statements."""
        return cls(
            tuple(display.sites.values_list("pk", flat=True)),
            tuple(display.areas.values_list("path", flat=True)),
        )

    @classmethod
    def area(cls, code: str) -> Self:
        """One area; nothing where there is none of that code."""
        return cls(paths=tuple(Location.objects.filter(code=code).values_list("path", flat=True)))

    def places(self) -> Q:
        """Its locations."""
        return self._of("site", "path")

    def lanes(self) -> list[int]:
        """Its staging locations, by id. One statement."""
        return list(Location.objects.staging().filter(self.places()).values_list("pk", flat=True))

    def demands(self) -> Q:
        """Its demands: of the sites, and of the areas those whose work centre lies there or of
        which something is staged there."""
        found = self._of("site", "work_center__path")
        if self.paths:
            within = Scope(paths=self.paths)._of("", "location__path")
            staged = StagedStock.objects.filter(within).order_by()
            found |= Q(pk__in=staged.values("requirement__demand"))
        return found

    def _of(self, site: str, path: str) -> Q:
        meant = Q(**{f"{site}__in": self.sites}) if site and self.sites else Q()
        for one in self.paths:
            meant |= Q(**{f"{path}__startswith": one})
        return meant or Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose demands are asked for; '' where it does not matter."""

    customer: str = ""
    route: str = ""
    carrier: str = ""

    def demands(self) -> Q:
        """The condition on demands; empty where everything is wanted. Customers are few, and any
        part of a name will do."""
        meant = Q()
        if self.customer:
            named = Q(code__iexact=self.customer) | Q(name__icontains=self.customer)
            customers = Location.objects.filter(named, kind=LocationKind.CUSTOMER)
            meant &= Q(customer__in=customers.order_by().values("pk"))
        if self.route:
            meant &= Q(route__iexact=self.route)
        if self.carrier:
            meant &= Q(carrier__iexact=self.carrier)
        return meant
