"""What an e-mail says: the alerts that are still open, by kind and place, the worst first; in the
language of whom it is for, as plain text and as HTML."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration.models import Notice, NoticeChoice, NoticeMail
from inventory.post import addressing
from inventory.wording import full_name
from inventory.zones import zone_named, zone_of
from staging.models import Alert, AlertReason, Severity

EXAMPLES = 5
"""Alerts of a group that are named one by one."""

GRAVITY = [Severity.CRITICAL, Severity.WARNING, Severity.NOTICE]


@dataclass(frozen=True, slots=True)
class Told:
    """One alert, as it stands now, with how grave it was when it was told."""

    alert: Alert
    severity: str

    @property
    def link(self) -> str:
        return addressing.absolute(reverse("staging:alert", args=[self.alert.pk]))

    @property
    def zone(self) -> tzinfo:
        return zone_of(self.alert.site)


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of a kind at one place."""

    rows: Collection[Told]

    @property
    def first(self) -> Told:
        """The one that has been open for longest: rows come in that order."""
        return next(iter(self.rows))

    @property
    def severity(self) -> Severity:
        return min((Severity(row.severity) for row in self.rows), key=GRAVITY.index)

    @property
    def level(self) -> int:
        return max(row.alert.level for row in self.rows)

    @property
    def reason(self) -> str:
        return str(AlertReason(self.first.alert.reason).label)

    @property
    def place(self) -> str:
        alert = self.first.alert
        return alert.location.code if alert.location else alert.site.code

    @property
    def examples(self) -> list[Told]:
        return list(self.rows)[:EXAMPLES]

    @property
    def others(self) -> int:
        return max(len(self.rows) - EXAMPLES, 0)

    @property
    def order(self) -> tuple[Any, ...]:
        return GRAVITY.index(self.severity), -self.level, -len(self.rows), self.place


def groups(notices: Collection[Notice]) -> list[Group]:
    """By kind and place, the worst first; an alert that was told twice stands there once."""
    worst: dict[int, Notice] = {}
    for notice in notices:
        known = worst.get(notice.alert_id, notice)
        worst[notice.alert_id] = min(
            (known, notice), key=lambda one: GRAVITY.index(Severity(one.severity))
        )
    found: dict[tuple[str, int | None, int], list[Told]] = defaultdict(list)
    for notice in sorted(worst.values(), key=lambda one: (one.alert.raised_at, one.alert_id)):
        alert = notice.alert
        key = alert.reason, alert.location_id, alert.site_id
        found[key].append(Told(alert, notice.severity))
    return sorted((Group(rows) for rows in found.values()), key=lambda group: group.order)


def message(mail: NoticeMail, notices: Collection[Notice]) -> EmailMultiAlternatives:
    """The e-mail about these, which are open, to its person."""
    user: User = mail.user
    with _as_read_by(user, notices):
        found = groups(notices)
        subject = " ".join(_subject(found).split())
        context = _context(user, found) | {"subject": subject}
        text = render_to_string("notices/mail.txt", context)
        made = EmailMultiAlternatives(subject, text, to=[user.email], headers=_headers(mail))
        made.attach_alternative(render_to_string("notices/mail.html", context), "text/html")
    return made


@contextmanager
def _as_read_by(user: User, notices: Collection[Notice]) -> Iterator[None]:
    """In the person's language, by the clock they chose, or that of the site all is at."""
    choice = NoticeChoice.objects.filter(pk=user.pk).first()
    places = {notice.alert.site_id: notice.alert.site for notice in notices}
    site = next(iter(places.values())) if len(places) == 1 else None
    zone = zone_named(choice.time_zone) if choice and choice.time_zone else zone_of(site)
    with translation.override(addressing.language_of(user)), timezone.override(zone):
        yield


def _subject(found: list[Group]) -> str:
    count = sum(len(group.rows) for group in found)
    if count == 1:
        group = found[0]
        told = {"severity": group.severity.label, "reason": group.reason, "place": group.place}
        return _("Forestage: %(severity)s: %(reason)s, %(place)s") % told
    critical = sum(len(group.rows) for group in found if group.severity == Severity.CRITICAL)
    told = {"count": count, "critical": critical}
    if not critical:
        return ngettext(
            "Forestage: %(count)s open alert", "Forestage: %(count)s open alerts", count
        ) % told  # fmt: skip
    return ngettext(
        "Forestage: %(count)s open alert, %(critical)s critical",
        "Forestage: %(count)s open alerts, %(critical)s critical",
        count,
    ) % told  # fmt: skip


def _context(user: User, found: list[Group]) -> dict[str, Any]:
    return {
        "name": full_name(user),
        "groups": found,
        "count": sum(len(group.rows) for group in found),
        "list_url": addressing.absolute(reverse("notices:notice_list")),
        "alerts_url": addressing.absolute(reverse("staging:alert_list")),
        "settings_url": addressing.absolute(reverse("notices:settings")),
        "language": translation.get_language(),
    }


def _headers(mail: NoticeMail) -> dict[str, str]:
    headers = addressing.headers_of(mail)
    if url := addressing.absolute(reverse("notices:settings")):
        headers["List-Unsubscribe"] = f"<{url}>"
    return headers
