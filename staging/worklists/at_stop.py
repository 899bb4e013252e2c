"""At a stop: what is scanned has to be what is expected there, and the work is done in a flow."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Balance, Container, Location, Lot, Movement
from inventory.verbs import Verb
from inventory.wording import full_name
from staging.models import Alert, AlertReason, Demand, Requirement
from staging.worklists import again
from staging.worklists.stops import ABOUT, Stop, alike
from staging.worklists.works import Work, best_first

GONE = frozenset({
    "not_committed", "not_here", "nothing_to_clear", "not_enough", "empty_container",
    "more_than_required", "demand_closed",
})  # fmt: skip
"""How a verb refuses what somebody else has done in the meantime."""

FLOWS = {
    Work.PULL: "quarantine",
    Work.MOVE: "transfer",
    Work.FETCH: "stage",
    Work.COUNT: "count",
}
"""The flow of each kind of work, where that does not hang on what stands there."""


def flow_for(stop: Stop, work: Work) -> str:
    """The name of the guided flow in which the work is done; '' where it is done at a desk."""
    if work == Work.SEND_ON:
        return "load" if any(demand.is_shipment for demand in stop.demands) else "issue"
    if work == Work.UNSTAGE:
        return "unstage" if stop.is_bound or stop.is_whole_lane else "clear"
    return FLOWS.get(work, "")


def address_of(stop: Stop, work: Work, walk: str = "", **known: str) -> str:
    """The page on which the work of a stop is done, with some of it known."""
    if work == Work.CHASE:
        return release_desk(stop)
    given = {"stop": str(stop.first.pk)} | ({"walk": walk} if walk else {}) | known
    if work == Work.FETCH and stop.demand:
        given["demand"] = stop.demand.reference
    return f"{reverse('staging:guided', args=[flow_for(stop, work)])}?{urlencode(given)}"


def release_desk(stop: Stop) -> str:
    """QA's desk: the lots of the stop, to be looked at and released there."""
    return reverse("admin:inventory_lot_change", args=[stop.lots[0].pk])


@dataclass(frozen=True, slots=True)
class AtStop:
    """Somebody at a stop, or on the way to it: the alerts of it that are still open, if any.

    `given` is the alert by which the page knows it, and `walk` what its worklist is narrowed by.
    """

    given: Alert
    stop: Stop | None
    walk: str = ""

    @property
    def is_done(self) -> bool:
        return self.stop is None

    @property
    def location(self) -> Location | None:
        return self.stop.location if self.stop else None

    @property
    def takes_many(self) -> bool:
        return bool(self.stop and self.stop.takes_many)

    @property
    def demand(self) -> Demand | None:
        return self.stop.demand if self.stop else None

    def surplus(self) -> Decimal | None:
        """How much has to leave, where that is not all of it: what a demand has beyond its need."""
        if self.stop is None or self.stop.reasons != [AlertReason.OVER_STAGED]:
            return None
        found = {alert.commitment_id: alert.commitment for alert in self.stop.alerts}
        row = found.popitem()[1] if len(found) == 1 else None
        if row is None:
            return None
        line: Any = Requirement.objects.with_progress().get(pk=row.requirement_id)
        over: Decimal = min(row.quantity, line.progressed - line.quantity)
        return over if over > 0 else None

    def takes(self, item: Lot | Container) -> bool:
        """Whether this is what stands there to be taken away, or holds it."""
        if self.stop is None or self.stop.takes_many:
            return True
        if isinstance(item, Lot):
            return item in self.stop.lots
        if self.stop.container:
            return item == self.stop.container
        held = Balance.objects.on_hand().filter(container=item, location=self.stop.location)
        return held.filter(lot__in=self.stop.lots).exists()

    def awaited(self, asked: str | None, here: str) -> Any:
        """What is to be scanned now: the place, the thing, or where it goes."""
        if self.stop is None or asked == here:
            return self.location
        if asked == "item":
            return self.stop.thing
        return _("the place it goes to")

    def require_open(self) -> None:
        """Refuse `stop_done`, and say who did it, where that is known."""
        if self.is_done:
            raise self._done()

    def refusal(self, refusal: Refused) -> Refused:
        """The refusal of the verb, or `stop_done` where it came too late."""
        if refusal.code not in GONE or self.is_done:
            return refusal
        return self._done() if self.again().is_done else refusal

    def again(self) -> "AtStop":
        """As it stands now."""
        found = at_stop(self.given.pk, self.walk)
        assert found is not None  # noqa: S101 - alerts are never deleted
        return found

    def _done(self) -> Refused:
        last = _last_movement(self.given)
        return Refused(
            _("This is done already: %(who)s has done it."),
            code="stop_done",
            hint=_("Go on with the next stop."),
            who=full_name(last.actor) if last else _("somebody else"),
        )

    def closing(self, verb: Verb) -> Verb:
        """The verb, and in its transaction the end of the alerts that it has settled."""
        place = again.Place.of(self)

        @transaction.atomic
        def run(*, lines: Any, by: Actor, at: datetime) -> Any:
            done = verb.effect(lines=lines, by=by, at=at)
            again.look_again(place, lines)
            return done

        return replace(verb, run=run)


def at_stop(pk: int, walk: str = "", *, may: Collection[Work] = tuple(Work)) -> AtStop | None:
    """The stop of an alert, as it stands now. Two statements; None where there is no such alert."""
    given = Alert.objects.select_related(*ABOUT).filter(pk=pk).first()
    if given is None:
        return None
    rows = list(Alert.objects.open().filter(alike(given)).select_related(*ABOUT).order_by("pk"))
    if not rows:
        return AtStop(given, None, walk)
    works = best_first([row.reason for row in rows], may)
    rows.sort(key=lambda row: (row.pk != given.pk, row.pk))
    return AtStop(given, Stop(rows, works), walk)


def _last_movement(alert: Alert) -> Movement | None:
    """What last took the thing of an alert away from its place."""
    if alert.lot_id is None or alert.location_id is None:
        return None
    rows = Movement.objects.filter(lot=alert.lot_id, source=alert.location_id)
    rows = rows.filter(recorded_at__gte=alert.raised_at)
    return rows.select_related("actor").order_by("-pk").first()


def not_expected(found: Any, expected: Any) -> Refused:
    """The refusal of a scan that is not of this stop."""
    return Refused(
        _("%(found)s is not what this stop is about."),
        code="not_expected",
        hint=_("Expected: %(expected)s") % {"expected": expected},
        facts={"expected": str(expected)},
        found=found,
    )
