"""Find staged stock by what somebody types: by the beginnings of codes, which indexes know."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self
from uuid import UUID

from django.db.models import F, Q, QuerySet

from inventory.models import Balance, LocationKind, Lot, Material
from staging.models import Demand, StagedStock

MOST = 500
"""Lots, demands and materials that are looked for at most."""

LOTS = Q(lot__among="lots") | Q(lot__material__among="materials")
"""Of anything with a lot, that of which a text names the lot or the material."""

STAGED = LOTS | Q(requirement__demand__among="demands") | Q(pk__among="positions")
"""Of what is staged, that which is asked for."""


@dataclass(frozen=True)
class Match:
    """The demands, lots and materials that a text names, as `LOTS` and `STAGED` want them; or
    what is staged of them, where only some demands are wanted."""

    lots: list[int] = field(default_factory=list)
    materials: list[int] = field(default_factory=list)
    demands: list[int] = field(default_factory=list)
    positions: list[UUID] = field(default_factory=list)

    @classmethod
    def among(cls, wanted: Q, text: str = "") -> Self:
        """What is staged for demands that meet a condition, and is named by the text. What stands
        in a lane for no demand is for none of these."""
        live = Demand.objects.live().filter(wanted).order_by()
        rows = StagedStock.objects.filter(requirement__demand__in=live.values("pk"))
        if not text:
            keys = rows.order_by().values_list("requirement__demand", flat=True).distinct()
            return cls(demands=list(keys[:MOST]))
        named = cls.of(text)
        rows = rows.filter(
            Q(lot__in=named.lots)
            | Q(lot__material__in=named.materials)
            | Q(requirement__demand__in=named.demands)
        )
        return cls(positions=list(rows.order_by("since", "pk").values_list("pk", flat=True)[:MOST]))

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
        return {
            "lots": self.lots,
            "materials": self.materials,
            "demands": self.demands,
            "positions": self.positions,
        }

    def lanes(self) -> list[int]:
        """The places where some of it is staged, or stands for no demand."""
        of_lots, of_materials = Q(lot__in=self.lots), Q(lot__material__in=self.materials)
        places: set[int] = set()
        of_demands, themselves = Q(requirement__demand__in=self.demands), Q(pk__in=self.positions)
        for which in (of_lots, of_materials, of_demands, themselves):
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
