"""How the things of integration know their sites."""

from django.db.models import Q

from integration.models import Delivery, ExternalId, InboundDemand, Notice, Parcel, Subscription
from inventory import sites
from inventory.sites import Limit, at, of_lot


def _named(limit: Limit) -> Q:
    """As the thing that a system calls so; materials are shared by all sites."""
    shared = Q(material__isnull=False)
    return shared | at("location__site")(limit) | of_lot("lot")(limit) | at("demand__site")(limit)


def _limited(path: str, limit: Limit) -> Q:
    """The webhooks that tell of no other sites."""
    rows = Subscription.limited_to.through._default_manager
    some = rows.filter(site__in=limit).values("subscription")
    others = rows.exclude(site__in=limit).values("subscription")
    return Q(**{f"{path}__in": some}) & ~Q(**{f"{path}__in": others})


def install() -> None:
    """A message about a demand that is not there yet is of no site."""
    sites.register(ExternalId, _named)
    sites.register(InboundDemand, at("demand__site"))
    sites.register(Notice, at("site"))
    sites.register(Subscription, lambda limit: _limited("pk", limit))
    for kind in (Delivery, Parcel):
        sites.register(kind, lambda limit: _limited("subscription", limit))
