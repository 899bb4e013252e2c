"""What a webhook may send: what its owner may view, of the sites that it is for.

Sites were limited by the token with which it was set up. They are kept with it, as it outlives the
token, and never become more.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from integration.feed import rights
from integration.models import Subscription
from inventory import sites
from inventory.errors import Refused
from inventory.models import Site
from inventory.sites import Limit


def require(
    user: Any, types: Collection[str], wanted: Iterable[Site], *, within: Limit | None
) -> None:
    """Refuses `webhook_rights` where somebody may not view what would be sent, `site_not_in_scope`
    where it would come from other sites."""
    if lacking := rights.missing(user, types):
        raise Refused(
            _("%(who)s may not view all that would be sent: %(what)s."),
            code="webhook_rights",
            field="types",
            hint=_("Choose other kinds of events, or have a role given that may view these."),
            facts={"permissions": lacking},
            who=user.get_full_name() or user.get_username(),
            what=rights.in_words(lacking),
        )
    if within is not None and any(site.pk not in within for site in wanted):
        raise sites.beyond("sites")


def limit(row: Subscription) -> Limit | None:
    """The sites of which it may tell; None: all."""
    return frozenset(row.limited_to.order_by().values_list("pk", flat=True)) or None


def lost(row: Subscription) -> list[str]:
    """What its owner must be able to view, and is not any more."""
    return rights.missing(row.owner, row.types)


def in_words(row: Subscription) -> str:
    """The same, as people call it."""
    return rights.in_words(lost(row))
