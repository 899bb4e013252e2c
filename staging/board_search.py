"""Find staged stock by what somebody types: by the beginnings of codes, which indexes know."""

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from inventory.models import Balance, LocationKind, Lot, Material
from staging.models import Demand, StagedStock

MOST = 500
"""Lots, demands and materials that are looked for at most."""


@dataclass(frozen=True, slots=True)
class Match:
    """The demands, lots and materials that a text names.

    The case does not matter where all of a code is in one. Materials are few: any part of a name
    will do.
    """

    text: str

    def lanes(self) -> list[int]:
        """The places where some of it is staged, or stands for no demand."""
        places: set[int] = set()
        for which in (Q(lot__in=self._lots()), self._of_material(), self._for_demand()):
            places.update(StagedStock.objects.filter(which).values_list("location", flat=True))
        loose = Balance.objects.filter(
            self.lots(), location__kind=LocationKind.STAGING, quantity__gt=F("bound")
        )
        return [*places.union(loose.values_list("location", flat=True))]

    def staged(self) -> Q:
        """Of what is staged, that which the text names."""
        return self.lots() | self._for_demand()

    def lots(self) -> Q:
        """Of anything with a lot, that of which the text names the lot or the material."""
        return Q(lot__in=self._lots()) | self._of_material()

    def _begins(self, column: str) -> Q:
        begins = Q()
        for text in {self.text, self.text.upper(), self.text.lower()}:
            begins |= Q(**{f"{column}__startswith": text})
        return begins

    def _lots(self) -> list[int]:
        named = Lot.objects.filter(self._begins("number") | self._begins("code"))
        return _keys(named)

    def _of_material(self) -> Q:
        named = Q(code__icontains=self.text) | Q(name__icontains=self.text)
        return Q(lot__material__in=_keys(Material.objects.filter(named)))

    def _for_demand(self) -> Q:
        named = Demand.objects.live().filter(self._begins("reference"))
        return Q(requirement__demand__in=_keys(named))


def _keys(rows: QuerySet[Lot] | QuerySet[Material] | QuerySet[Demand]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:MOST])
