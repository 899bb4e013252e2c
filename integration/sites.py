"""How the things of integration know their sites."""

from django.db.models import Q

from integration.models import ExternalId, InboundDemand
from inventory import sites
from inventory.sites import Limit, at, of_lot


def _named(limit: Limit) -> Q:
    """As the thing that a system calls so; materials are shared by all sites."""
    shared = Q(material__isnull=False)
    return shared | at("location__site")(limit) | of_lot("lot")(limit) | at("demand__site")(limit)


def install() -> None:
    """A message about a demand that is not there yet is of no site. Webhooks are left out: they go
    on after the token has ended, and are for all sites."""
    sites.register(ExternalId, _named)
    sites.register(InboundDemand, at("demand__site"))
