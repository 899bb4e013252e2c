"""Who is told of what: the rules of roles, and what each person has chosen over them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from integration.models import Handling, NoticeChoice, NoticeRule
from integration.models.notices import read_times
from integration.notices.quiet import Quiet, next_of
from inventory.zones import zone_named
from staging.models import Severity

NEEDED = "staging.view_alert"
FALLBACK = (time(6),)


@dataclass(frozen=True)
class Wish:
    """What one person wants to be told of, by roles and choice together."""

    user: int
    address: str
    levels: frozenset[int]
    by_severity: Mapping[str, Handling]
    quiet: Quiet
    times: tuple[time, ...]
    loud: bool
    zone_name: str
    sites: frozenset[int]

    def handling(self, severity: str) -> Handling:
        return self.by_severity[severity]

    def is_of(self, site: int) -> bool:
        return not self.sites or site in self.sites

    def due(
        self, how: Handling, at: datetime, zone: tzinfo, *, aloud: bool = False
    ) -> datetime | None:
        """When an e-mail is due; None: there is none. `zone` is that of the alert's site."""
        if not self.address or how < Handling.DIGEST:
            return None
        clock = zone_named(self.zone_name) if self.zone_name else zone
        if how == Handling.DIGEST:
            return self.quiet.until(next_of(self.times, at, clock), clock)
        return at if aloud and self.loud else self.quiet.until(at, clock)


def wish_of(user: Any, rules: Iterable[NoticeRule], choice: NoticeChoice | None) -> Wish:
    """Put together; where nothing is said for somebody, there is nothing to tell them."""
    held = sorted(rules, key=lambda rule: (rule.level, rule.pk))
    top, own = (held[-1] if held else None), choice or NoticeChoice()
    level = own.level
    rhythm: Any = own if own.own_quiet or top is None else top
    return Wish(
        user=user.pk,
        address=user.email,
        levels=frozenset([level] if level else [rule.level for rule in held]),
        by_severity={name: _strongest(name, held, own) for name in Severity.values},
        quiet=Quiet.of(rhythm),
        times=read_times(own.digest_times or (top.digest_times if top else "")) or FALLBACK,
        loud=bool(top and top.loud) if own.loud is None else own.loud,
        zone_name=own.time_zone,
        sites=_sites_of(choice),
    )


def _strongest(name: str, rules: Collection[NoticeRule], choice: NoticeChoice) -> Handling:
    chosen = getattr(choice, name)
    if chosen is not None:
        return Handling(chosen)
    return Handling(max((getattr(rule, name) for rule in rules), default=Handling.OFF))


def _sites_of(choice: NoticeChoice | None) -> frozenset[int]:
    """From what was prefetched, where it was."""
    return frozenset(site.pk for site in choice.sites.all()) if choice else frozenset()


class People:
    """Everybody who may be told of alerts, read at once: five statements, however many they are."""

    def __init__(self, *, also: Collection[int] = (), only: Collection[int] | None = None) -> None:
        self.also, self.only = also, only

    def rows(self) -> list[User]:
        """Who is active, is no program, may view alerts, and for whom anything is said."""
        may: QuerySet[User] = User.objects.with_perm(NEEDED)
        people = may.exclude(account__is_service=True)
        if self.only is not None:
            people = people.filter(pk__in=self.only)
        said = Q(groups__notice_rule__isnull=False) | Q(notice_choice__isnull=False)
        meant = Q(pk__in=User.objects.filter(said).values("pk")) | Q(pk__in=self.also)
        return list(people.filter(meant).order_by("pk"))

    def wishes(self) -> list[Wish]:
        rules = {rule.role_id: rule for rule in NoticeRule.objects.all()}
        held: dict[int, list[NoticeRule]] = defaultdict(list)
        links = User.groups.through._default_manager.filter(group__in=list(rules))
        chosen = NoticeChoice.objects.prefetch_related("sites")
        if self.only is not None:
            links, chosen = links.filter(user__in=self.only), chosen.filter(user__in=self.only)
        for user, role in links.values_list("user_id", "group_id"):
            held[user].append(rules[role])
        choices = chosen.in_bulk()
        return [wish_of(row, held[row.pk], choices.get(row.pk)) for row in self.rows()]


def wish_for(user: Any) -> Wish:
    """What one person is told of by now."""
    rules = NoticeRule.objects.filter(role__in=user.groups.all())
    return wish_of(user, rules, NoticeChoice.objects.filter(pk=user.pk).first())
