"""Line by line, for the action that is about to happen: may it, and under which rules?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import (
    BigIntegerField,
    CharField,
    DateField,
    DateTimeField,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.fields import Words
from inventory.models import Container, Location, LocationKind, Lot, LotStatus
from inventory.statements import Select
from inventory.wording import inside
from quality.gate.shelf_life import ACTIONS, ShelfLives
from quality.gate.stops import DATE_STOPS, code_of
from quality.models import (
    Effect,
    GatedAction,
    Hold,
    RestrictedUse,
    RuleSet,
    ShelfLifeRule,
    UsageRule,
)


class Use(NamedTuple):
    """What is about to be done with a (locked) lot."""

    action: GatedAction
    lot: Lot
    source: Location
    target: Location
    container: Container | None = None
    reference: str = ""
    customer_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: the version of the rules it rests on, and the refusal if there is one."""

    rule_version: int
    refusal: Refused | None

    @property
    def allowed(self) -> bool:
        return self.refusal is None


@dataclass(frozen=True, slots=True)
class _Fact:
    """A row that bears on the uses: the rules in force, an open hold, a permit, or the days of
    shelf life (its number) that must remain."""

    what: str
    number: int
    lot: int | None
    container: int | None
    material: int | None
    place: str | None
    supplier_lot: str | None
    words: str
    until: date | None
    since: datetime | None
    customer: int | None


def examine(uses: Sequence[Use], on: date) -> list[Verdict]:
    """A verdict for each use, from one statement however many there are.

    The caller has locked the lots, so that a hold placed meanwhile waits and then wins.
    """
    facts = _facts(uses)
    in_force = next((fact for fact in facts if fact.what == "rules"), None)
    version = in_force.number if in_force else 0
    rules = _rules(version, in_force.since) if in_force and in_force.since else {}
    holds = [fact for fact in facts if fact.what == "hold"]
    permits: dict[int | None, list[_Fact]] = {}
    for fact in facts:
        if fact.what == "permit":
            permits.setdefault(fact.lot, []).append(fact)
    lives = ShelfLives(
        {(fact.material, fact.customer): fact.number for fact in facts if fact.what == "life"}
    )
    return [Verdict(version, _refusal(use, on, holds, rules, permits, lives)) for use in uses]


_Rules = Mapping[str, Sequence[UsageRule]]


@lru_cache(maxsize=8)
def _rules(version: int, since: datetime) -> _Rules:
    """The rules of a set in force by lot status. They never change: read once by each process."""
    by_status: dict[str, list[UsageRule]] = {}
    for rule in UsageRule.objects.filter(rule_set=version).select_related("rule_set"):
        by_status.setdefault(rule.status, []).append(rule)
    return by_status


def _facts(uses: Sequence[Use]) -> list[_Fact]:
    """Holds, permits, remaining shelf lives and the version of the rules, in one statement; the
    oldest holds first."""
    rows = _FACTS.rows(
        lots=list({use.lot.pk for use in uses}),
        materials=list({use.lot.material_id for use in uses}),
        customers=list({use.customer_id for use in uses} - {None}),
        containers=list({pk for use in uses for pk in _containers(use)}),
        places=list(
            {code for use in uses for place in (use.source, use.target) for code in place.ancestry}
        ),
        supplier_lots=list({use.lot.supplier_lot for use in uses} - {""}),
    )
    return sorted((_Fact(*row) for row in rows), key=lambda fact: fact.number)


def _bearing() -> QuerySet[Any, Any]:
    nothing, no_code = Cast(Value(None), BigIntegerField()), Cast(Value(None), CharField())
    no_day, no_time = Cast(Value(None), DateField()), Cast(Value(None), DateTimeField())
    no_words = Value("", output_field=CharField())

    def what(name: str) -> Value:
        return Value(name, output_field=CharField())

    holds = _holds_touching().values_list(
        what("hold"), "pk", "lot", "container", "material", "location__code",
        "supplier_lot", Cast("reason", CharField()), no_day, no_time, nothing,
    )  # fmt: skip
    permits = RestrictedUse.objects.filter(lot__among="lots").values_list(
        what("permit"), "pk", "lot", nothing, nothing, no_code, no_code,
        Cast("reference", CharField()), "until", no_time, nothing,
    )  # fmt: skip
    rules = RuleSet.objects.in_force().values_list(
        what("rules"), Cast("version", BigIntegerField()), nothing, nothing, nothing, no_code,
        no_code, Cast("note", CharField()), no_day, "activated_at", nothing,
    )  # fmt: skip
    lives = ShelfLifeRule.objects.said().filter(
        Q(material=None) | Q(material__among="materials"),
        Q(customer=None) | Q(customer__among="customers"),
    ).values_list(
        what("life"), Cast("days", BigIntegerField()), nothing, nothing, "material", no_code,
        no_code, no_words, no_day, no_time, "customer",
    )  # fmt: skip
    return holds.order_by().union(permits.order_by(), rules.order_by(), lives.order_by(), all=True)


def _holds_touching() -> QuerySet[Hold]:
    """A union: each kind of hold is found by its own index."""
    holds = Hold.objects.open().order_by()
    touching = holds.filter(lot__among="lots").values("pk").union(
        holds.filter(material__among="materials").values("pk"),
        holds.filter(container__among="containers").values("pk"),
        holds.of_suppliers().filter(supplier_lot__among="supplier_lots").values("pk"),
        holds.filter(
            location__in=Location.objects.filter(code__among="places").values("pk")
        ).values("pk"),
    )  # fmt: skip
    return Hold.objects.filter(pk__in=touching)


_FACTS: Select[Any] = Select(_bearing)


def _short_lived(use: Use, on: date, lives: ShelfLives) -> Refused | None:
    lot = use.lot
    days = lives.short(lot, use.customer_id, on) if use.action in ACTIONS else None
    if days is None:
        return None
    return _stopped(
        "shelf_life_short",
        lot,
        _("%(lot)s expires on %(day)s, but %(days)s days of shelf life must remain."),
        _("Use a lot with a later date."),
        by=_("a supervisor (master data)"),
        day=lot.expires_on,
        days=days,
    )


def _containers(use: Use) -> list[int]:
    """The container it is in, and those around that one."""
    found: list[int] = []
    container = use.container
    while container is not None and container.pk not in found:
        found.append(container.pk)
        container = container.parent
    return found


def _refusal(
    use: Use,
    on: date,
    holds: Sequence[_Fact],
    rules: _Rules,
    permits: Mapping[int | None, Sequence[_Fact]],
    lives: ShelfLives,
) -> Refused | None:
    lot = use.lot
    for hold in holds:
        if _touches(hold, use):
            return _stopped(
                "lot_on_hold",
                lot,
                _("%(lot)s is on hold: %(why)s (hold %(hold)s)."),
                _("Ask QA to lift the hold."),
                hold=hold.number,
                why=hold.words,
            )
    for stop in DATE_STOPS:
        if stop.met(lot, on):
            by, day = stop.cleared_by, stop.said(lot)
            return _stopped(stop.code, lot, stop.words, stop.remedy, by=by, day=day)
    return (
        _short_lived(use, on, lives)
        or _denied(use, on, rules)
        or _restricted(use, on, permits)
        or _in_quarantine(use)
    )


def _touches(hold: _Fact, use: Use) -> bool:
    return (
        hold.lot == use.lot.pk
        or hold.material == use.lot.material_id
        or bool(hold.supplier_lot and hold.supplier_lot == use.lot.supplier_lot)
        or (hold.container is not None and hold.container in _containers(use))
        or (hold.place is not None and hold.place in (*use.source.ancestry, *use.target.ancestry))
    )


def _denied(use: Use, on: date, rules: _Rules) -> Refused | None:
    """What the strictest of the rules that match says: deny, allow with a reason, allow."""
    matching: dict[str, UsageRule] = {}
    for rule in rules.get(use.lot.status, ()):
        if _matches(rule, use, on):
            matching.setdefault(rule.effect, rule)
    denying = matching.get(Effect.DENY)
    if denying is None and matching:
        asking = matching.get(Effect.REASON)
        return _unexplained(use, asking) if asking and not use.reason.strip() else None
    return _stopped(
        code_of(use.lot.status),
        use.lot,
        _("%(lot)s may not be used: %(status)s, %(why)s (rule %(rule)s)."),
        _("Use another lot, or have its quality decided."),
        by=denying.cleared_by if denying else "QA",
        status=inside(LotStatus(use.lot.status).label),
        why=denying.note if denying else _("no rule allows this use"),
        rule=denying or "default",
    )


def _unexplained(use: Use, rule: UsageRule) -> Refused:
    return Refused(
        _("%(lot)s may be used with a reason only: %(why)s (rule %(rule)s)."),
        code="reason_needed",
        field="reason",
        hint=_("Say why it is used all the same; it is kept with the movement."),
        lot=use.lot,
        why=rule.note,
        rule=rule,
    )


def _matches(rule: UsageRule, use: Use, on: date) -> bool:
    return (
        rule.action in ("", use.action)
        and rule.purpose in ("", _purpose(use))
        and rule.material_id in (None, use.lot.material_id)
        and rule.customer_id in (None, use.customer_id)
        and rule.counts_on(on)
    )


def _purpose(use: Use) -> str:
    """Where it is staged: the lane it goes to, or the one it leaves."""
    return use.target.purpose or use.source.purpose


def _restricted(
    use: Use, on: date, permits: Mapping[int | None, Sequence[_Fact]]
) -> Refused | None:
    if use.lot.status != LotStatus.RESTRICTED:
        return None
    named = permits.get(use.lot.pk, ())
    for permit in named:
        if permit.words == use.reference and (permit.until is None or permit.until >= on):
            return None
    allowed = ", ".join(permit.words for permit in named)
    return _stopped(
        "lot_restricted",
        use.lot,
        _("%(lot)s is restricted to: %(allowed)s."),
        _("Use another lot, or ask QA to name this demand."),
        allowed=allowed or _("no demand"),
    )


def _in_quarantine(use: Use) -> Refused | None:
    if use.action != GatedAction.STAGE or use.source.kind != LocationKind.QUARANTINE:
        return None
    return _stopped(
        "stands_in_quarantine",
        use.lot,
        _("%(lot)s may be used, but stands in quarantine at %(location)s."),
        _("Put it away first: nothing is picked from there."),
        by=_("whoever puts it away"),
        location=use.source,
    )


def _stopped(
    code: str,
    lot: Lot,
    words: Words,
    remedy: Words,
    *,
    by: Words = "QA",
    **params: Any,
) -> Refused:
    return Refused(
        words, code=code, field="lot", hint=remedy, facts={"cleared_by": str(by)}, lot=lot, **params
    )
