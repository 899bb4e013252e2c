"""Carries a request out, on the product and on the model, and holds the two together."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from inventory import verbs
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import (
    REAL_KINDS,
    Container,
    Location,
    Lot,
    Material,
    Movement,
    Surface,
)
from inventory.verbs import REGISTRY, Verb
from quality.models import Hold, Inspection, Meaning, Proposal
from staging.actions import Need
from staging.alerting.life import Life, replay
from staging.models import Alert, Demand
from tests.core.documented import documented
from tests.factories import UserFactory
from tests.machine.expected import Line, expect, independent
from tests.machine.lines import TAKES
from tests.machine.model import ZERO, Model
from tests.machine.read import read
from tests.plant import Plant

NAMED: dict[type[Any], str] = {Lot: "code", Container: "code", Material: "code"}
NAMED |= {Demand: "reference", Hold: "pk"}


class Driver:
    """One plant, and the model of it."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.second = Actor(UserFactory(role="qa"), Surface.COMMAND)
        self.calls = self.seen = 0
        self.model = read(timezone.now())
        self.seen = _last_movement()

    # --- from a drawn line to one that names things -----------------------------------------

    def named(self, verb: str, drawn: Line) -> Line:
        """The line with names for the numbers that were drawn."""
        m, line = self.model, {k: v for k, v in drawn.items() if v is not None}
        if "like" in line:
            claims = [key for key in m.claims if key[1] in TAKES[verb]]
            of = line.pop("like")
            demand, _state, lot, *_at = claims[of % len(claims)] if claims else ("D0", "", "M0/N0")
            line |= {"demand": demand, "lot": lot}
        numbered = {
            "lot": list(m.material), "into": list(m.material), "container": list(m.boxes),
            "demand": list(m.demands), "borrower": list(m.demands),
            "next_demand": list(m.demands),
        }  # fmt: skip
        for name, known in numbered.items():
            if isinstance(line.get(name), int):
                line[name] = known[line[name] % len(known)]
        if verb == "lift_hold":
            holds = list(Hold.objects.order_by("-pk").values_list("pk", flat=True)) or [0]
            line["hold"] = holds[line["hold"] % len(holds)]
        if verb == "dispose_inspection":
            line["inspection"] %= len(m.inspections) or 1
        if verb == "restrict":
            demands = list(m.demands)
            line["references"] = tuple(demands[n % len(demands)] for n in line["references"])
        return line

    def line(self, verb: Verb, named: Line) -> Any:
        """The line as the action takes it."""
        return verb.line(**self._rows(verb, named), **self._rest(verb, named))

    def _rows(self, verb: Verb, named: Line) -> Line:
        found: Line = {}
        for declared in verb.fields:
            value, kind = named.get(declared.name), declared.type
            if value is None:
                continue
            if kind is Location:
                value = getattr(self.plant, value)
            elif kind is Inspection:
                value = Inspection.objects.order_by("pk")[value]
            elif kind in NAMED:
                value = kind._default_manager.get(**{NAMED[kind]: value})
            found[declared.name] = value
        return found

    def _rest(self, verb: Verb, named: Line) -> Line:
        """What the model does not ask about."""
        rest: Line = {}
        if "needs" in named:
            rest["requirements"] = tuple(
                Need(material=Material.objects.get(code=code), quantity=quantity)
                for code, quantity in named["needs"].items()
            )
        if "password" in named:
            rest["meaning"] = Meaning.APPROVAL
        if verb.name == "record_inspection":
            rest |= {"characteristic": "look", "value": "seen"}
        if verb.name == "create_demand":
            shipment = named["kind"] == "shipment"
            rest |= {"site": self.plant.site, "needed_at": timezone.now() + timedelta(hours=4)}
            goes_to = "customer" if shipment else "work_center"
            rest[goes_to] = self.plant.customer if shipment else self.plant.wc
            rest["product"] = None if shipment else Material.objects.get(code="P")
        return rest

    # --- to do it ---------------------------------------------------------------------------

    def call(self, name: str, drawn: Sequence[Line], how: str) -> None:
        """Carry a verb out, hold what came of it against the model, and let the model follow."""
        verb, named = REGISTRY[name], [self.named(name, line) for line in drawn]
        for line in named:  # a request carries one signature
            line |= {"password": named[0]["password"]} if "password" in line else {}
        if name == "lift_hold" and not Hold.objects.exists():
            return
        if name == "dispose_inspection" and not self.model.inspections:
            return
        self.model.at = timezone.now()
        after, codes = expect(name, self.model, named)
        clear = independent(name, self.model, named)
        lines = [self.line(verb, line) for line in named]
        answer, refused = self.carry_out(verb, lines, self.model.at, how)
        allowed = documented(verb.run)
        if how == "partial":
            came = [_code(result) for result in answer["results"]]
            assert not clear or came == codes, (name, named, came, codes)
            assert set(came) - {""} <= allowed
        elif clear:
            assert bool(refused) == any(codes), (name, named, refused, codes)
            assert refused <= set(codes), (name, named, refused, codes)
        assert refused <= allowed, (name, refused - allowed)
        agreed = clear and (how == "partial" or not any(codes))
        self.follow(self.agree(after) if agreed else None)

    def reverse(self, rows: Sequence[Movement], how: str) -> None:
        """Reverse movements: stock goes back to where it was, claims as the product decides."""
        verb = REGISTRY["reverse"]
        self.model.at = timezone.now()
        lines = [verb.line(movement=row, reason="mistake") for row in rows]
        again = {row.pk for row in rows if row.kind == "reverse" or hasattr(row, "reversed_by")}
        answer, refused = self.carry_out(verb, lines, self.model.at, how)
        assert refused <= documented(verb.run), refused
        assert not again or refused or how == "partial"
        for row in self.movements_since_then():
            original = row.reverses
            assert original is not None
            assert original.pk not in again
            assert (row.source, row.target) == (original.target, original.source)
        if len(rows) == 1 and how == "partial":
            assert bool(self.movements_since_then()) == (answer["results"][0]["status"] == "done")
        self.follow()

    def two_people(self, of: int, withdrawn: bool, how: str) -> None:
        """What two people release is released as by one; what is withdrawn stays as it was."""
        m, verb = self.model, REGISTRY["release"]
        m.at, lot = timezone.now(), list(m.material)[of % len(m.material)]
        drawn = self.named("release", {"lot": lot, "password": "secret", "reason": "because"})
        after, [code] = expect("release", m, [drawn])
        guarded = Material.objects.filter(code=m.material[lot])
        guarded.update(second_signer=True)
        answer, refused = self.carry_out(verb, [self.line(verb, drawn)], m.at, "once")
        assert refused == {code} - {""}
        found = None
        if answer:
            assert read(m.at).status == m.status
            [made] = answer["objects"]
            given: Line = {"proposal": Proposal.objects.select_related("lot").get(pk=made["id"])}
            name = "withdraw_proposal" if withdrawn else "countersign"
            last = REGISTRY[name]
            given |= {n: drawn[n] for n in ("password", "reason") if n in names_of(last)}
            given |= {} if withdrawn else {"meaning": Meaning.REVIEW}
            assert self.carry_out(last, [last.line(**given)], m.at, how)[1] == set()
            found = self.agree(m if withdrawn else after)
        guarded.update(second_signer=False)
        self.follow(found)

    def acknowledge(self, alert: Alert, how: str) -> None:
        verb = REGISTRY["acknowledge"]
        line = verb.line(alert=alert, reason="fetching it")
        answer, refused = self.carry_out(verb, [line], timezone.now(), how)
        expected = {"alert_acknowledged"} if alert.acknowledged_at else set[str]()
        expected = {"alert_closed"} if alert.closed_at else expected
        refused |= {_code(result) for result in answer.get("results", ())} - {""}
        assert refused == expected
        alert.refresh_from_db()
        assert alert.acknowledged_at or alert.closed_at

    def put_off(self, alert: Alert, how: str) -> None:
        """Assign, snooze and wake it: each is done, unless the alert has closed."""
        who = {"assign_alert": {"assignee": self.plant.qa.user.username}}
        why = {"snooze": {"minutes": 5, "reason": "lunch"}}
        for name in ("assign_alert", "snooze", "wake"):
            verb = REGISTRY[name]
            alert.refresh_from_db()
            line = verb.line(alert=alert, **who.get(name, {}), **why.get(name, {}))
            answer, refused = self.carry_out(verb, [line], timezone.now(), how)
            refused |= {_code(result) for result in answer.get("results", ())} - {""}
            assert refused <= {"alert_closed", "alert_assigned", "snooze_of_critical",
                               "alert_not_snoozed"}  # fmt: skip
            assert bool(alert.closed_at) == (refused == {"alert_closed"})
        alert.refresh_from_db()
        assert alert.snoozed_until is None
        *_steps, (_last, life) = replay(alert.steps.select_related("actor", "assigned_to"))
        for column in Life.__slots__:
            assert getattr(alert, column) == getattr(life, column), column

    def carry_out(
        self, verb: Verb, lines: Sequence[Any], at: datetime, how: str
    ) -> tuple[dict[str, Any], set[str]]:
        """The answer, and why it was refused. A repeated key gets the first answer again."""
        self.calls += 1
        options: dict[str, Any] = {"by": self._who(verb), "at": at, "partial": how == "partial"}
        if how != "all":
            options |= {"key": f"key {self.calls}", "asked": self.calls}
        try:
            with transaction.atomic():
                answer, replayed = verbs.carry_out(verb, lines, **options)
        except Refused as refusal:
            return {}, {str(found.code) for found in refusal.all}
        assert not replayed
        if how != "all":
            count = Movement.objects.count()
            assert verbs.carry_out(verb, lines, **options) == (answer, True)
            assert Movement.objects.count() == count
        return answer, set()

    def _who(self, verb: Verb) -> Actor:
        signs = any(declared.about.secret for declared in verb.fields)
        if verb.name == "countersign":
            return self.second
        inspects = verb.name == "record_inspection"
        return self.plant.lab if inspects else self.plant.qa if signs else self.plant.operator

    # --- and to compare ---------------------------------------------------------------------

    def agree(self, expected: Model) -> Model:
        """The database is what the model says, each thing of it; what it is, then."""
        found = read(expected.at)
        ours, theirs = _comparable(expected), _comparable(found)
        for name, value in ours.items():
            assert theirs[name] == value, name
        return found

    def follow(self, found: Model | None = None) -> None:
        """Go on from what the database says, once its totals are those of the movements. It was
        read just now, or is read here."""
        found = found or read(self.model.at)
        totals = {lot: _on_hand(self.model, lot) for lot in found.material}
        for movement in self.movements_since_then():
            enters, leaves = movement.target.kind, movement.source.kind
            sign = (enters in REAL_KINDS) - (leaves in REAL_KINDS)
            totals[movement.lot.code] += sign * movement.quantity
        assert totals == {lot: _on_hand(found, lot) for lot in found.material}
        self.model = found
        self.seen = _last_movement()

    def movements_since_then(self) -> list[Movement]:
        """What was posted since the model last followed."""
        rows = Movement.objects.filter(pk__gt=self.seen)
        return list(rows.select_related("lot", "source", "target").order_by("pk"))


def names_of(verb: Verb) -> set[str]:
    return {declared.name for declared in verb.fields}


def _last_movement() -> int:
    return Movement.objects.aggregate(last=Max("pk"))["last"] or 0


def _on_hand(m: Model, lot: str) -> Decimal:
    return sum((quantity for key, quantity in m.stock.items() if key[0] == lot), ZERO)


def _code(result: dict[str, Any]) -> str:
    return str(result["errors"][0]["code"]) if result["status"] == "refused" else ""


def _comparable(m: Model) -> dict[str, Any]:
    """Without what is numbered, and without places where nothing is left."""
    stock = {key: quantity for key, quantity in m.stock.items() if quantity}
    holds = sorted((hold.kind, hold.name) for hold in m.holds.values())
    shown = {each.name: getattr(m, each.name) for each in fields(m) if each.name != "at"}
    return shown | {"stock": stock, "holds": holds}
