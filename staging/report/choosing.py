"""Choose who gets the weekly report, and find out who that is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group, User
from django.db import transaction

from inventory import audit
from inventory.audit import Actor
from inventory.models import Site
from inventory.sites import limit_of
from staging.models import ReportChoice

READS = "staging.view_numbers"
"""Who may not read the numbers does not get them by e-mail either."""


@transaction.atomic
def choose_report(
    *,
    user: User | None = None,
    role: Group | None = None,
    wanted: bool,
    sites: Iterable[Site] = (),
    by: Actor,
    at: datetime,
) -> ReportChoice:
    """Have a person, or all who have a role, get the weekly report of these sites (none: all), or
    not. Nothing is recorded where nothing changes."""
    stamp = audit.stamp(by, at)
    rows = ReportChoice.objects.order_by().select_for_update(of=("self",))
    choice = rows.filter(user=user, role=role).first()
    before = _said(choice) if choice else None
    choice = choice or ReportChoice(user=user, role=role)
    wants = {"wanted": wanted, "sites": sorted(site.code for site in sites)}
    if before == wants:
        return choice
    choice.wanted, choice.changed_at = wanted, stamp.recorded_at
    choice.full_clean()
    choice.save()
    choice.sites.set(sites)
    changes = {
        name: [before and before[name], value]
        for name, value in wants.items()
        if not before or before[name] != value
    }
    audit.record("staging.choose_report", stamp=stamp, subject=choice, changes=changes)
    return choice


def _said(choice: ReportChoice) -> dict[str, object]:
    return {"wanted": choice.wanted, "sites": sorted(site.code for site in choice.sites.all())}


def chosen_by(user: User) -> ReportChoice | None:
    """What a person chose; None for nothing."""
    return ReportChoice.objects.filter(user=user).prefetch_related("sites").first()


def by_role(user: User) -> list[ReportChoice]:
    """The roles by which a person gets it."""
    rows = ReportChoice.objects.filter(role__user=user, wanted=True)
    return list(rows.select_related("role").prefetch_related("sites").order_by("role__name"))


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who gets the report, and of which sites."""

    user: User
    sites: list[Site]


def recipients(before: datetime) -> list[Recipient]:
    """Who gets the report by what was chosen before a moment: active, with an address, and allowed
    to read the numbers."""
    rows = ReportChoice.objects.filter(changed_at__lte=before)
    rows = rows.select_related("user", "role").prefetch_related("sites", "role__user_set")
    own = {row.user.pk: row for row in rows if row.user}
    found: dict[int, tuple[User, list[ReportChoice]]] = {
        pk: (row.user, [row]) for pk, row in own.items() if row.user and row.wanted
    }
    refused = set(ReportChoice.objects.filter(wanted=False).values_list("user", flat=True))
    for row in rows:
        for user in row.role.user_set.all() if row.role and row.wanted else ():
            if user.pk not in own:
                found.setdefault(user.pk, (user, []))[1].append(row)
    everywhere = list(Site.objects.filter(is_active=True).order_by("code"))
    return [
        Recipient(user, sites_of(choices, everywhere))
        for pk, (user, choices) in sorted(found.items())
        if pk not in refused and user.is_active and user.email and user.has_perm(READS)
    ]


def sites_of(choices: Iterable[ReportChoice], everywhere: list[Site]) -> list[Site]:
    """The sites of several choices together; one that names none is of all."""
    named = [{site.pk for site in choice.sites.all()} for choice in choices]
    if not named or not all(named):
        return everywhere
    among = set[int]().union(*named)
    return [site for site in everywhere if site.pk in among]


def sites_for(user: User) -> list[Site]:
    """The sites of which a person sees the report: those chosen, of those that may be seen."""
    limit = limit_of(user)
    rows = Site.objects.filter(is_active=True).order_by("code")
    everywhere = [site for site in rows if limit is None or site.pk in limit]
    own = chosen_by(user)
    return sites_of([own] if own and own.wanted else by_role(user), everywhere)
