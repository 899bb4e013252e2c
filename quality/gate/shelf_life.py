"""How much shelf life must remain, by material and customer: line by line, and as SQL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

from django.db.models import (
    DateField,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, NullIf
from django.db.models.lookups import LessThan

from inventory.models import Lot, Material
from quality.models import GatedAction, ShelfLifeRule

ACTIONS = frozenset({GatedAction.STAGE, GatedAction.LOAD, GatedAction.SHIP})
"""What asks for remaining shelf life. What was staged in time for production may be used up."""


@dataclass(frozen=True, slots=True)
class ShelfLives:
    """The rules, by material and customer."""

    rules: Mapping[tuple[int | None, int | None], int]

    @classmethod
    def read(cls) -> Self:
        """All of them; there are few. One statement."""
        rows = ShelfLifeRule.objects.said().order_by().values_list("material", "customer", "days")
        return cls({(material, customer): days or 0 for material, customer, days in rows})

    def days(self, material: Material, customer: int | None) -> int:
        """How many must remain for this customer: what the most specific of them says."""
        if customer is not None:
            for scope in ((material.id, customer), (None, customer)):
                if scope in self.rules:
                    return self.rules[scope]
        return material.min_remaining_days or self.rules.get((None, None), 0)

    def short(self, lot: Lot, customer: int | None, on: date) -> int | None:
        """The days that would have to remain, if fewer do."""
        days = self.days(lot.material, customer)
        if not days or lot.expires_on is None or (lot.expires_on - on).days >= days:
            return None
        return days

    def of(self, materials: Iterable[int | None]) -> set[int]:
        """The customers for whom there is one of these materials or of any."""
        wanted = {None, *materials}
        return {scope[1] for scope in self.rules if scope[0] in wanted and scope[1] is not None}


class _DaysLeft(Func):
    """Days from one date to a later one."""

    output_field = IntegerField()
    arity = 2

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(%(expressions)s::date)", arg_joiner=" - ", **context
        )

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        pattern = {"template": "(JULIANDAY(%(expressions)s))", "arg_joiner": ") - JULIANDAY("}
        return self.as_sql(compiler, connection, **pattern, **context)


def short(on: Any, *, lot: str = "lot", customer: str | None = None) -> Q:
    """Lots that expire too soon. The other arguments name columns of the query; without a
    customer, what holds for anybody."""
    own = f"{lot}__material_id"
    scopes: list[Any] = []
    if customer:
        for_customer = ShelfLifeRule.objects.filter(customer=OuterRef(customer)).order_by()
        scopes += [
            Subquery(for_customer.filter(material=OuterRef(own)).values("days")[:1]),
            Subquery(for_customer.filter(material=None).values("days")[:1]),
        ]
    general = ShelfLifeRule.objects.filter(material=None, customer=None).order_by()
    needed = Coalesce(
        *scopes,
        NullIf(F(f"{lot}__material__min_remaining_days"), Value(0)),
        Subquery(general.values("days")[:1]),
        Value(0),
        output_field=IntegerField(),
    )
    today = on if hasattr(on, "resolve_expression") else Value(on, DateField())
    left = _DaysLeft(F(f"{lot}__expires_on"), today)
    return Q((f"{lot}__expires_on__isnull", False)) & Q(LessThan(left, needed))


def longest_life() -> Combinable:
    """The most days that anybody asks for, as a part of another query."""
    rules = ShelfLifeRule.objects.said().order_by("-days").values("days")[:1]
    stated = Material.objects.filter(min_remaining_days__gt=0).order_by("-min_remaining_days")
    own = stated.values("min_remaining_days")[:1]
    return Greatest(Coalesce(Subquery(rules), Value(0)), Coalesce(Subquery(own), Value(0)))


def lives_asked() -> set[int]:
    """Every number of days that is asked for somewhere. One statement."""
    rules = ShelfLifeRule.objects.filter(days__gt=0).order_by().values_list("days")
    stated = Material.objects.filter(min_remaining_days__gt=0).order_by()
    return {days or 0 for (days,) in rules.union(stated.values_list("min_remaining_days"))}


def later(day: date, days: int) -> date:
    """So many days later, or the last day of the calendar."""
    return day + timedelta(days=min(days, (date.max - day).days))
