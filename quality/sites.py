"""How the things of quality know their sites."""

from django.db.models import Q

from inventory import sites
from inventory.sites import Limit, of_lot, of_lot_alone
from quality.models import (
    Attachment,
    Decision,
    DueInspection,
    Hold,
    Inspection,
    InspectionPlan,
    Proposal,
    Signature,
    UsageRule,
)


def _at_a_place(limit: Limit) -> Q:
    return sites.at("location__site")(limit) | sites.at("container__location__site")(limit)


def _stops_something(limit: Limit) -> Q:
    """A hold on a material, or on what came under a number, may stop stock of any site."""
    anywhere = Q(material__isnull=False) | ~Q(supplier_lot="")
    return _at_a_place(limit) | of_lot("lot")(limit) | anywhere


def _stops_nothing_else(limit: Limit) -> Q:
    return _at_a_place(limit) | of_lot_alone("lot")(limit)


def _signed(limit: Limit) -> Q:
    """As what was signed: that shows the lot, and no places."""
    held = Hold.objects.filter(_stops_something(limit)).values("pk")
    return of_lot("decision__lot")(limit) | of_lot("proposal__lot")(limit) | Q(hold__in=held)


def install() -> None:
    sites.register(Hold, _stops_something, _stops_nothing_else)
    sites.register(Signature, _signed)
    for kind in (Attachment, Decision, DueInspection, Inspection, Proposal):
        sites.register(kind, of_lot("lot"), of_lot_alone("lot"))
    for shared in (InspectionPlan, UsageRule):
        sites.register(shared, None)
