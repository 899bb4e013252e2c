"""Uses of lots that a draft of the usage rules is held against."""

from datetime import timedelta
from typing import Any

from django.db.models import CharField, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import Movement, MovementKind
from quality.models import Decision, GatedAction
from quality.preview import Evidence, register
from staging.models import Commitment, Requirement, StagedStock

DAYS = 30
"""How far back movements are looked at."""

ACTIONS = {
    MovementKind.STAGE: GatedAction.STAGE,
    MovementKind.ISSUE: GatedAction.ISSUE,
    MovementKind.CONSUME: GatedAction.CONSUME,
    MovementKind.LOAD: GatedAction.LOAD,
    MovementKind.SHIP: GatedAction.SHIP,
}


def install() -> None:
    """Register what has happened lately, and what is staged and about to be used."""
    register(*(_moved(kind, action) for kind, action in ACTIONS.items()))
    of_demand = {"customer": "requirement__demand__customer"}
    register(
        Evidence(
            gettext_lazy("Staged now, to be issued"), GatedAction.ISSUE,
            lambda: _staged().exclude(requirement__demand__kind="shipment"), of_demand, _standing,
        ),
        Evidence(
            gettext_lazy("Staged now, to be shipped"), GatedAction.SHIP,
            lambda: _staged().filter(requirement__demand__kind="shipment"), of_demand, _standing,
        ),
    )  # fmt: skip


def _moved(kind: MovementKind, action: GatedAction) -> Evidence:
    columns = {"purpose": "for_purpose", "customer": "for_customer", "status": "had_status"}
    label = gettext_lazy("%(kind)s in the last %(days)s days") % {"kind": kind.label, "days": DAYS}
    return Evidence(label, action, lambda: _movements(kind), columns, _movement)


def _movements(kind: MovementKind) -> QuerySet[Any]:
    """With the status that the lot had, the purpose of the lane and the customer."""
    since = timezone.now() - timedelta(days=DAYS)
    decisions = Decision.objects.filter(lot=OuterRef("lot"))
    before = decisions.filter(recorded_at__lte=OuterRef("recorded_at")).order_by("-pk")
    after = decisions.filter(recorded_at__gt=OuterRef("recorded_at")).order_by("pk")
    demand = Requirement.objects.filter(pk=OuterRef("task"))
    rows = Movement.objects.filter(kind=kind, recorded_at__gte=since).select_related(
        "source", "target"
    )
    return rows.annotate(
        had_status=Coalesce(
            Subquery(before.values("to_status")[:1]),
            Subquery(after.values("from_status")[:1]),
            F("lot__status"),
        ),
        for_purpose=Coalesce(
            NullIf("target__purpose", Value("")), "source__purpose", output_field=CharField()
        ),
        for_customer=Subquery(demand.values("demand__customer")[:1]),
    )


def _staged() -> QuerySet[Commitment]:
    rows: QuerySet[Commitment] = StagedStock.objects.all()
    return rows.select_related("location", "requirement__demand")


def _movement(row: Movement) -> str:
    return _("%(source)s → %(target)s for %(demand)s, %(when)s") % {
        "source": row.source,
        "target": row.target,
        "demand": row.reference,
        "when": date_format(timezone.localtime(row.recorded_at), "DATETIME_FORMAT"),
    }


def _standing(row: Commitment) -> str:
    return _("at %(place)s for %(demand)s") % {
        "place": row.location,
        "demand": row.requirement.demand,
    }
