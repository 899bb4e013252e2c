"""Alerts about demands that changed after their material was staged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from django.db.models import QuerySet, prefetch_related_objects

from inventory.zones import zone_of
from staging.alerting.raising import of_stock
from staging.alerting.terms import Terms
from staging.models import Alert, AlertReason, Commitment, Demand, Requirement, State
from staging.surplus import Surplus

_COLUMNS = {
    AlertReason.DEMAND_RETIMED: ("needed_at",),
    AlertReason.DEMAND_REROUTED: ("route", "carrier", "work_center_id"),
}

ARROW = " → "


class Flags:
    """Raised for each position that is staged, so that it stands where the stock stands.

    A newer one takes the place of an older one; who acknowledged that has not seen this. When the
    change is taken back, none does.
    """

    def __init__(self, surplus: Surplus, requirements: Mapping[int, Sequence[Requirement]]) -> None:
        self.surplus = surplus
        self.requirements = requirements
        self._changed: list[tuple[Demand, Demand, list[Commitment]]] = []

    def raise_for(self, before: Demand, demand: Demand) -> None:
        """Once its quantities have been changed: what it gave up is of no interest any more."""
        reasons = [
            reason for reason, column in _COLUMNS.items() if _differs(before, demand, column)
        ]
        staged = [
            row
            for line in self.requirements.get(demand.pk, ())
            for row in self.surplus.bindings.find(states=[State.STAGED], requirement=line)
        ]
        if reasons and staged:
            self._changed.append((before, demand, staged))
            self.surplus.of(demand).flagged += [str(reason) for reason in reasons]

    def save(self) -> None:
        """The older ones are closed, the new ones raised; the same statements for all demands."""
        if not self._changed:
            return
        demands = [demand for before, after, _rows in self._changed for demand in (before, after)]
        prefetch_related_objects(demands, "site", "work_center")
        changes = {
            (reason.value, row.pk): (row, was, becomes)
            for before, after, staged in self._changed
            for reason, was, becomes in _details(before, after)
            for row in staged
        }
        known = {(alert.reason, alert.commitment_id): alert for alert in self._open(changes)}
        at, terms = self.surplus.stamp.recorded_at, Terms.read()
        Alert.objects.filter(pk__in=[alert.pk for alert in known.values()]).update(closed_at=at)
        alerts = []
        for key, (row, was, becomes) in changes.items():
            reason, was = AlertReason(key[0]), _since(known.get(key), was)
            if was != becomes and terms.of(reason, row.location.site_id).enabled:
                alerts.append(of_stock(reason, row, f"{was}{ARROW}{becomes}", at))
        # One that comes back takes no new row, and so gives no number back.
        Alert.objects.bulk_create(alerts, ignore_conflicts=True)

    def _open(self, changes: Iterable[tuple[str, UUID]]) -> QuerySet[Alert]:
        return Alert.objects.open().filter(
            reason__in={reason for reason, _pk in changes},
            commitment__in={pk for _reason, pk in changes},
        )


def _since(known: Alert | None, was: str) -> str:
    """What a demand was when its stock was staged, or when somebody last took note of a change:
    changed back to that, it is as people think it is."""
    if known is None or known.acknowledged_at is not None:
        return was
    return known.detail.split(ARROW)[0]


def _differs(before: Demand, after: Demand, columns: Sequence[str]) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in columns)


def _details(before: Demand, after: Demand) -> Iterator[tuple[AlertReason, str, str]]:
    """What it was and what it is now, by reason."""
    for reason, columns in _COLUMNS.items():
        if _differs(before, after, columns):
            in_words = _moment if reason == AlertReason.DEMAND_RETIMED else _way
            yield reason, in_words(before), in_words(after)


def _moment(demand: Demand) -> str:
    return f"{demand.needed_at.astimezone(zone_of(demand.site)):%Y-%m-%d %H:%M}"


def _way(demand: Demand) -> str:
    words = (demand.route, demand.carrier, demand.work_center and demand.work_center.code)
    return " · ".join(word for word in words if word) or "–"  # noqa: RUF001 - a dash for none
