"""Find staged stock by what somebody types: by the beginnings of codes, which indexes know."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from django.db.models import F, Q, QuerySet

from inventory.models import Balance, LocationKind, Lot, Material
from staging.models import Demand, StagedStock

MOST = 500
"""Lots, demands and materials that are looked for at most."""

LOTS = Q(lot__among="lots") | Q(lot__material__among="materials")
"""Of anything with a lot, that of which a text names the lot or the material."""

STAGED = LOTS | Q(requirement__demand__among="demands")
"""Of what is staged, that which a text names."""


@dataclass(frozen=True)
class Match:
    """The demands, lots and materials that a text names, as `LOTS` and `STAGED` want them."""

    lots: list[int]
    materials: list[int]
    demands: list[int]

    @classmethod
    def of(cls, text: str) -> Self:
        """The case does not matter where all of a code is in one. Materials are few: any part of
        a name will do."""
        named = Q(code__icontains=text) | Q(name__icontains=text)
        return cls(
            lots=_keys(Lot.objects.filter(_begins("number", text) | _begins("code", text))),
            materials=_keys(Material.objects.filter(named)),
            demands=_keys(Demand.objects.live().filter(_begins("reference", text))),
        )

    @cached_property
    def given(self) -> dict[str, Any]:
        """For the statements."""
        return {"lots": self.lots, "materials": self.materials, "demands": self.demands}

    def lanes(self) -> list[int]:
        """The places where some of it is staged, or stands for no demand."""
        of_lots, of_materials = Q(lot__in=self.lots), Q(lot__material__in=self.materials)
        places: set[int] = set()
        for which in (of_lots, of_materials, Q(requirement__demand__in=self.demands)):
            places.update(StagedStock.objects.filter(which).values_list("location", flat=True))
        loose = Balance.objects.filter(
            of_lots | of_materials, location__kind=LocationKind.STAGING, quantity__gt=F("bound")
        )
        return [*places.union(loose.values_list("location", flat=True))]


def _begins(column: str, text: str) -> Q:
    begins = Q()
    for spelled in {text, text.upper(), text.lower()}:
        begins |= Q(**{f"{column}__startswith": spelled})
    return begins


def _keys(rows: QuerySet[Lot] | QuerySet[Material] | QuerySet[Demand]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:MOST])
