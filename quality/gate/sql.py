"""The same stops as SQL, for lists, boards and sweeps."""

from datetime import date, datetime
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from inventory.models import LotStatus
from quality.gate.shelf_life import ACTIONS, short
from quality.gate.stops import DATE_STOPS, code_of
from quality.models import Effect, GatedAction, Hold, RestrictedUse, UsageRule
from quality.models.holds import NESTING


def stop_code(
    *,
    on: date,
    action: GatedAction = GatedAction.STAGE,
    lot: str = "lot",
    location: str = "location",
    container: str = "container",
    reference: str | None = None,
    customer: str | None = None,
    at: datetime | None = None,
    needs_life: Q | None = None,
) -> Case:
    """Why stock may not be used where it stands: a code, or '' where it may (with a reason, if
    need be).

    The other arguments name the columns of the query it is used in; without a customer, the
    remaining shelf life counts that everybody asks for. `needs_life` are the rows of which shelf
    life is asked, where it is not all of them; `at` is the moment, where it is not now.
    """
    whens = [When(_on_hold(lot, location, container), then=Value("lot_on_hold"))]
    for stop in DATE_STOPS:
        whens.append(When(stop.condition(on, f"{lot}__", at=at), then=Value(stop.code)))
    if action in ACTIONS:
        too_short = (needs_life or Q()) & short(on, lot=lot, customer=customer)
        whens.append(When(too_short, then=Value("shelf_life_short")))
    rules = matching(
        UsageRule.objects.in_force(on),
        action,
        lot=lot,
        purpose=f"{location}__purpose",
        customer=customer,
    )
    denied = Exists(rules.filter(effect=Effect.DENY))
    allowed = Exists(rules.exclude(effect=Effect.DENY))
    for status in LotStatus:
        here = Q(**{f"{lot}__status": status})
        whens.append(When(here & (Q(denied) | ~Q(allowed)), then=Value(code_of(status))))
    if reference is not None:
        permit = RestrictedUse.objects.filter(
            Q(until=None) | Q(until__gte=on),
            lot=OuterRef(f"{lot}_id"),
            reference=OuterRef(reference),
        )
        restricted = Q(**{f"{lot}__status": LotStatus.RESTRICTED})
        whens.append(When(restricted & ~Q(Exists(permit)), then=Value("lot_restricted")))
    return Case(*whens, default=Value(""), output_field=CharField())


def _on_hold(lot: str, location: str, container: str) -> Q:
    holds = Hold.objects.open()
    path = ExpressionWrapper(OuterRef(f"{location}__path"), output_field=CharField())
    here = holds.filter(_OnPath(F("location__code"), path))
    around = Q()
    for level in range(NESTING):
        around |= Q(container=OuterRef(f"{container}{'__parent' * level}_id"))
    return (
        Q(Exists(holds.filter(lot=OuterRef(f"{lot}_id"))))
        | Q(Exists(holds.filter(material=OuterRef(f"{lot}__material_id"))))
        | Q(Exists(holds.of_suppliers().filter(supplier_lot=OuterRef(f"{lot}__supplier_lot"))))
        | Q(Exists(holds.filter(around)))
        | Q(Exists(here))
    )


class _OnPath(Func):
    """Whether a location's code stands on a path. PostgreSQL looks each code of the path up by the
    index, instead of comparing the path with every place on hold."""

    output_field = BooleanField()
    arity = 2

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        pattern = {"template": "%(expressions)s, '/'))", "arg_joiner": " = ANY(STRING_TO_ARRAY("}
        return self.as_sql(compiler, connection, **pattern, **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        turned = self.copy()
        turned.set_source_expressions(self.get_source_expressions()[::-1])
        pattern = {
            "template": "INSTR('/' || %(expressions)s || '/') > 0", "arg_joiner": ", '/' || ",
        }  # fmt: skip
        return turned.as_sql(compiler, connection, **pattern, **context)


def matching(
    rules: QuerySet[UsageRule],
    action: GatedAction,
    *,
    lot: str = "lot",
    purpose: str = "location__purpose",
    customer: str | None = None,
    status: str | None = None,
) -> QuerySet[UsageRule]:
    """Those of the rules that speak of a use. The other arguments name columns of the query that it
    is a subquery of; without a `status`, it is the lot's own.
    """
    for_customer = Q(customer=None)
    if customer:
        for_customer |= Q(customer=OuterRef(customer))
    return rules.filter(
        Q(action="") | Q(action=action),
        Q(purpose="") | Q(purpose=OuterRef(purpose)),
        Q(material=None) | Q(material=OuterRef(f"{lot}__material_id")),
        for_customer,
        status=OuterRef(status or f"{lot}__status"),
    )


def effect(rules: QuerySet[UsageRule], action: GatedAction, **columns: str) -> Case:
    """What the rules say of a use: the strictest that matches, and deny where none does.

    `columns` as in `matching`.
    """
    found = matching(rules, action, **columns)
    whens = [
        When(Exists(found.filter(effect=strictness)), then=Value(strictness.value))
        for strictness in (Effect.DENY, Effect.REASON, Effect.ALLOW)
    ]
    return Case(*whens, default=Value(Effect.DENY.value), output_field=CharField())
