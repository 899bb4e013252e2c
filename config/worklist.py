"""QA's worklist on the admin's first page: what waits, since when, and the lots to be released."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integration.models import Subscription
from inventory import accounts
from inventory.models import Account, Lot, RefusedAttempt
from inventory.paging import counted
from inventory.verbs import REGISTRY
from quality.actions.due import waiting
from quality.admin.filters import awaiting, restriction_ends, retest_soon, undecided
from quality.models import Hold, Inspection, Proposal
from staging.models import Alert
from staging.waiting import FIRST_WANTED, with_wanted_at

FAILURES_SHOWN = timedelta(days=7)
MOST_URGENT = 10
"""Lots that stand on the first page itself."""


class Duty(NamedTuple):
    """One line of the worklist; `more` when there are more than were counted. `first` is since
    when the oldest waits, or the day on which the next falls due."""

    label: Any
    waiting: int
    more: bool
    first: datetime | date | None
    url: str
    icon: str


class Kind(NamedTuple):
    """What can wait: who may see it, which rows, and by which column the first is found."""

    permission: str
    label: Any
    icon: str
    rows: Callable[[HttpRequest], QuerySet[Any]]
    first: str
    list: str


KINDS = (
    Kind("inventory.view_lot", _("Lots awaiting release"), "shield-exclamation",
         lambda _request: awaiting(Lot.objects.all()), "created_at",
         "inventory_lot_changelist?work=awaiting"),
    Kind("quality.view_dueinspection", _("Inspections due"), "clipboard2-check",
         lambda _request: waiting(), "since", "quality_dueinspection_changelist?state=open"),
    Kind("quality.view_inspection", _("Failures to be decided on"), "exclamation-triangle-fill",
         lambda _request: undecided(Inspection.objects.all()), "recorded_at",
         "quality_inspection_changelist?state=open"),
    Kind("quality.countersign", _("Awaiting a second signature"), "people",
         lambda request: Proposal.objects.open().exclude(actor=request.user.pk), "recorded_at",
         "quality_proposal_changelist?state=open"),
    Kind("quality.view_hold", _("Open holds"), "pause-circle-fill",
         lambda _request: Hold.objects.open(), "recorded_at",
         "quality_hold_changelist?state=open"),
    Kind("inventory.view_lot", _("Retests due within 30 days"), "clipboard2-pulse-fill",
         lambda _request: retest_soon(Lot.objects.all()), "retest_on",
         "inventory_lot_changelist?work=retest_soon"),
    Kind("inventory.view_lot", _("Restrictions ending within 30 days"), "shield-lock-fill",
         lambda _request: restriction_ends(Lot.objects.all()), "restricted_uses__until",
         "inventory_lot_changelist?work=restriction_ends"),
    Kind("staging.view_alert", _("Open alerts"), "bell",
         lambda _request: Alert.objects.open(), "raised_at",
         "staging_alert_changelist?state=open"),
    Kind("inventory.view_refusedattempt", _("Failed signings within 7 days"), "x-octagon-fill",
         lambda _request: failed_signings(), "recorded_at",
         "inventory_refusedattempt_changelist?q=signature_wrong"),
    Kind("integration.view_subscription", _("Webhooks given up"), "x-octagon-fill",
         lambda _request: Subscription.objects.given_up(), "disabled_at",
         "integration_subscription_changelist?state=given_up"),
    Kind("auth.view_user", _("Locked accounts"), "person",
         lambda _request: Account.objects.exclude(locked_at=None), "locked_at",
         "auth_user_changelist?locked=yes"),
)  # fmt: skip


def failed_signings() -> QuerySet[RefusedAttempt]:
    """Somebody entered a wrong password or code to sign with (21 CFR 11.300(d))."""
    week = timezone.now() - FAILURES_SHOWN
    return RefusedAttempt.objects.filter(code__in=accounts.COUNTED, recorded_at__gte=week)


def duties(request: HttpRequest) -> Iterator[Duty]:
    """What waits for the person: a count, the first of them and the list. Two statements each."""
    for kind in KINDS:
        if not request.user.has_perm(kind.permission):
            continue
        rows = kind.rows(request)
        number, more = counted(rows)
        by_age = rows.order_by(kind.first).values_list(kind.first, flat=True)
        page, query = kind.list.split("?")
        url = f"{reverse(f'admin:{page}')}?{query}"
        yield Duty(kind.label, number, more, by_age.first() if number else None, url, kind.icon)


def to_release(site: admin.AdminSite, request: HttpRequest) -> dict[str, Any]:
    """The lots whose release is waited for most, as QA's desk sees them, and where to release
    those of them against which nothing stands."""
    if not request.user.has_perm("inventory.view_lot"):
        return {}
    desk: Any = site.get_model_admin(Lot)
    lots = with_wanted_at(awaiting(desk.get_queryset(request)), timezone.localdate())
    rows = desk.look_at(list(lots.order_by(*FIRST_WANTED)[:MOST_URGENT]))
    ready = [lot for lot in rows if not (lot.facts.stops or lot.facts.due or lot.facts.proposal)]
    may = request.user.has_perm(REGISTRY["release"].permission)
    ids = ",".join(str(lot.pk) for lot in ready)
    url = f"{desk.act_url('release')}?ids={ids}&next={reverse('admin:index')}"
    return {"urgent": rows, "ready": len(ready), "release_url": url if may and ready else ""}
