"""May this lot do this, here, for this? The only place that answers.

The same stops stand twice: as SQL (`stop_code`), for lists, boards and sweeps, and line by line
(`examine`), for the action that is about to happen. A property test holds the two together. What
no rule allows is denied, and deny beats allow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    DateField,
    DateTimeField,
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
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.fields import Words
from inventory.models import Balance, Container, Location, LocationKind, Lot, LotStatus
from inventory.statements import Select
from quality.models import Effect, GatedAction, Hold, RestrictedUse, RuleSet, UsageRule
from quality.models.holds import NESTING


@dataclass(frozen=True, slots=True)
class DateStop:
    """A date on the lot after which it may not be used: the one predicate of expiry and retest."""

    code: str
    column: str
    words: Words
    remedy: Words
    cleared_by: Words = "QA"

    def condition(self, on: date, lot: str = "") -> Q:
        return Q(**{f"{lot}{self.column}__lt": on})

    def met(self, lot: Lot, on: date) -> bool:
        day = getattr(lot, self.column)
        return day is not None and day < on


EXPIRED = DateStop(
    "lot_expired", "expires_on", _("%(lot)s expired on %(day)s."), _("Scrap it or send it back."),
    cleared_by=_("nobody, its date has passed"),
)  # fmt: skip
RETEST_DUE = DateStop(
    "lot_retest_due", "retest_on", _("%(lot)s was due for retest on %(day)s."),
    _("Have QA retest and release it again."),
)  # fmt: skip
DATE_STOPS = (EXPIRED, RETEST_DUE)

STOP_LABELS: dict[str, Words] = {
    "lot_on_hold": _("on hold"),
    "lot_expired": _("expired"),
    "lot_retest_due": _("retest due"),
    "lot_quarantine": _("in quarantine"),
    "lot_rejected": _("rejected"),
    "lot_closed": _("closed"),
    "lot_restricted": _("restricted to other demands"),
    "rule_denies": _("denied by a usage rule"),
    "shelf_life_short": _("too little shelf life left"),
}


class Use(NamedTuple):
    """What is about to be done with a (locked) lot."""

    action: GatedAction
    lot: Lot
    source: Location
    target: Location
    container: Container | None = None
    reference: str = ""
    customer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: the version of the rules it rests on, and the refusal if there is one."""

    rule_version: int
    refusal: Refused | None

    @property
    def allowed(self) -> bool:
        return self.refusal is None


# --- line by line, for what is about to happen --------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fact:
    """A row that bears on the uses: the rules in force, an open hold, or a permit."""

    what: str
    number: int
    lot: int | None
    container: int | None
    material: int | None
    place: str | None
    words: str
    until: date | None
    since: datetime | None


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
    return [Verdict(version, _refusal(use, on, holds, rules, permits)) for use in uses]


_Rules = Mapping[str, Sequence[UsageRule]]


@lru_cache(maxsize=8)
def _rules(version: int, since: datetime) -> _Rules:
    """The rules of a set in force by lot status. They never change: read once by each process."""
    by_status: dict[str, list[UsageRule]] = {}
    for rule in UsageRule.objects.filter(rule_set=version).select_related("rule_set"):
        by_status.setdefault(rule.status, []).append(rule)
    return by_status


def _facts(uses: Sequence[Use]) -> list[_Fact]:
    """Holds, permits and the version of the rules, in one statement; the oldest holds first."""
    rows = _FACTS.rows(
        lots=list({use.lot.pk for use in uses}),
        materials=list({use.lot.material_id for use in uses}),
        containers=list({pk for use in uses for pk in _containers(use)}),
        places=list(
            {code for use in uses for place in (use.source, use.target) for code in place.ancestry}
        ),
    )
    return sorted((_Fact(*row) for row in rows), key=lambda fact: fact.number)


def _bearing() -> QuerySet[Any, Any]:
    nothing, no_code = Cast(Value(None), BigIntegerField()), Cast(Value(None), CharField())
    no_day, no_time = Cast(Value(None), DateField()), Cast(Value(None), DateTimeField())

    def what(name: str) -> Value:
        return Value(name, output_field=CharField())

    holds = _holds_touching().values_list(
        what("hold"), "pk", "lot", "container", "material", "location__code",
        Cast("reason", CharField()), no_day, no_time,
    )  # fmt: skip
    permits = RestrictedUse.objects.filter(lot__among="lots").values_list(
        what("permit"), "pk", "lot", nothing, nothing, no_code,
        Cast("reference", CharField()), "until", no_time,
    )  # fmt: skip
    rules = RuleSet.objects.in_force().values_list(
        what("rules"), Cast("version", BigIntegerField()), nothing, nothing, nothing, no_code,
        Cast("note", CharField()), no_day, "activated_at",
    )  # fmt: skip
    return holds.order_by().union(permits.order_by(), rules.order_by(), all=True)


def _holds_touching() -> QuerySet[Hold]:
    """A union: each kind of hold is found by its own index."""
    holds = Hold.objects.open().order_by()
    touching = holds.filter(lot__among="lots").values("pk").union(
        holds.filter(material__among="materials").values("pk"),
        holds.filter(container__among="containers").values("pk"),
        holds.filter(
            location__in=Location.objects.filter(code__among="places").values("pk")
        ).values("pk"),
    )  # fmt: skip
    return Hold.objects.filter(pk__in=touching)


_FACTS: Select[Any] = Select(_bearing)


def require_shelf_life(lot: Lot, on: date) -> Refused | None:
    """The refusal `shelf_life_short`, if the lot expires too soon to be staged."""
    days = lot.material.min_remaining_days
    if not days or lot.expires_on is None or (lot.expires_on - on).days >= days:
        return None
    return _stopped(
        "shelf_life_short",
        lot,
        _("%(lot)s expires on %(day)s, but %(days)s days of shelf life must remain to stage it."),
        _("Use a lot with a later date."),
        by=_("a supervisor (material data)"),
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
            day = getattr(lot, stop.column)
            by = stop.cleared_by
            return _stopped(stop.code, lot, stop.words, stop.remedy, by=by, day=day)
    return (
        (require_shelf_life(lot, on) if use.action == GatedAction.STAGE else None)
        or _denied(use, rules)
        or _restricted(use, on, permits)
        or _in_quarantine(use)
    )


def _touches(hold: _Fact, use: Use) -> bool:
    return (
        hold.lot == use.lot.pk
        or hold.material == use.lot.material_id
        or (hold.container is not None and hold.container in _containers(use))
        or (hold.place is not None and hold.place in (*use.source.ancestry, *use.target.ancestry))
    )


def _denied(use: Use, rules: _Rules) -> Refused | None:
    matching = [rule for rule in rules.get(use.lot.status, ()) if _matches(rule, use)]
    denying = next((rule for rule in matching if rule.effect == Effect.DENY), None)
    if denying is None and matching:
        return None
    return _stopped(
        _code_of(use.lot.status),
        use.lot,
        _("%(lot)s may not be used: %(status)s, %(why)s (rule %(rule)s)."),
        _("Use another lot, or have its quality decided."),
        by=denying.cleared_by if denying else "QA",
        status=use.lot.get_status_display().lower(),
        why=denying.note if denying else _("no rule allows this use"),
        rule=denying or "default",
    )


PLAIN_DENY = (LotStatus.QUARANTINE, LotStatus.REJECTED, LotStatus.CLOSED)
"""Statuses whose refusal is named after the status itself."""


def _code_of(status: str) -> str:
    return f"lot_{status}" if status in PLAIN_DENY else "rule_denies"


def _matches(rule: UsageRule, use: Use) -> bool:
    return (
        rule.action in ("", use.action)
        and rule.purpose in ("", _purpose(use))
        and rule.material_id in (None, use.lot.material_id)
        and rule.customer_id in (None, use.customer_id)
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


# --- as SQL, for lists, boards and sweeps -------------------------------------------------------


def stop_code(
    *,
    on: date,
    action: GatedAction = GatedAction.STAGE,
    lot: str = "lot",
    location: str = "location",
    container: str = "container",
    reference: str | None = None,
    customer: str | None = None,
) -> Case:
    """Why stock may not be used where it stands: a code, or '' where it may.

    The other arguments name the columns of the query it is used in.
    """
    whens = [When(_on_hold(lot, location, container), then=Value("lot_on_hold"))]
    whens += [When(stop.condition(on, f"{lot}__"), then=Value(stop.code)) for stop in DATE_STOPS]
    rules = _rules_for(action, lot, location, customer)
    denied = Exists(rules.filter(effect=Effect.DENY))
    allowed = Exists(rules.filter(effect=Effect.ALLOW))
    for status in LotStatus:
        here = Q(**{f"{lot}__status": status})
        whens.append(When(here & (Q(denied) | ~Q(allowed)), then=Value(_code_of(status))))
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


def _rules_for(
    action: GatedAction, lot: str, location: str, customer: str | None
) -> QuerySet[UsageRule]:
    for_customer = Q(customer=None)
    if customer:
        for_customer |= Q(customer=OuterRef(customer))
    return UsageRule.objects.in_force().filter(
        Q(action="") | Q(action=action),
        Q(purpose="") | Q(purpose=OuterRef(f"{location}__purpose")),
        Q(material=None) | Q(material=OuterRef(f"{lot}__material_id")),
        for_customer,
        status=OuterRef(f"{lot}__status"),
    )


def fefo(
    materials: Iterable[int], on: date, *, reference: str | None = "", site: int | None = None
) -> list[Balance]:
    """Free stock in storage that may be staged for a demand: first expired, first out.

    With None for a reference, restricted lots are there as well: `permits` tells for whom. `site`
    (an id) keeps to one site. One statement. Lots without an expiry date come last, older lots
    before newer ones.
    """
    for_demand = {} if reference is None else {"asked_for": Value(reference)}
    stop = stop_code(on=on, reference="asked_for" if for_demand else None)
    rows = (
        Balance.objects.filter(
            lot__material__in=list(materials),
            location__kind=LocationKind.STORAGE,
            location__is_open=True,
            quantity__gt=F("reserved") + F("bound"),
        )
        .annotate(**for_demand, stop=stop)
        .filter(stop="")
        .select_related("lot__material__base_unit", "location", "container")
        .order_by(F("lot__expires_on").asc(nulls_last=True), "lot_id", "location__walk_order", "pk")
    )
    if site is not None:
        rows = rows.filter(location__site=site)
    return [row for row in rows if require_shelf_life(row.lot, on) is None]


def permits(lots: Iterable[Lot], on: date) -> set[tuple[int, str]]:
    """Which restricted lots (by id) may be used for which demands. One statement."""
    restricted = {lot.pk for lot in lots if lot.status == LotStatus.RESTRICTED}
    rows = RestrictedUse.objects.filter(Q(until=None) | Q(until__gte=on), lot__in=restricted)
    return set(rows.values_list("lot", "reference"))


def alternatives(
    lot: Lot, on: date, *, reference: str = "", site: int | None = None, most: int = 3
) -> list[Balance]:
    """Other lots of the same material that would do, the first to expire first."""
    found = fefo([lot.material_id], on, reference=reference, site=site)
    return [balance for balance in found if balance.lot_id != lot.pk][:most]
