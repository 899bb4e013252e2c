"""Set up, open and revoke the screens on the walls, and know them again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField
from django.utils.translation import gettext_lazy as _

from inventory import audit, bearer
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Location, Site
from inventory.statements import Given, Select
from staging.models import Display

SEEN_EVERY = timedelta(minutes=1)
"""`last_seen_at` is written at most this often, so that reading stays reading."""

_KNOWN = Select(
    lambda: (
        Display.objects.valid(Given("now", DateTimeField()))
        .filter(digest__among="digests", opened_at__isnull=False)
        .order_by()
    )
)


@transaction.atomic
def issue_display(
    *,
    name: str,
    sites: Sequence[Site],
    areas: Sequence[Location],
    expires_at: datetime | None,
    by: Actor,
    at: datetime,
) -> tuple[Display, str]:
    """Set up a screen and return it with the secret of its link, which is kept nowhere.

    Refuses `nothing_to_show` without a site or area, `display_expired` when it would have ended.
    """
    stamp = audit.stamp(by, at)
    if not sites and not areas:
        raise Refused(
            _("The screen would show nothing."),
            code="nothing_to_show",
            field="sites",
            hint=_("Choose the sites or the areas whose boards it shows."),
        )
    if expires_at is not None and expires_at <= stamp.recorded_at:
        raise Refused(
            _("The screen would have expired already."),
            code="display_expired",
            field="expires_at",
            hint=_("Choose a later time, or leave it empty."),
        )
    secret = bearer.new_secret()
    display = Display(
        name=name,
        expires_at=expires_at,
        created_at=stamp.recorded_at,
        digest=bearer.digest_of(secret),
    )
    display.full_clean()
    display.save()
    display.sites.set(sites)
    display.areas.set(areas)
    audit.record("people.issue_display", stamp=stamp, subject=display, facts=_facts(display))
    return display, secret


def _facts(display: Display) -> dict[str, Any]:
    return {
        "sites": sorted(site.code for site in display.sites.all()),
        "areas": sorted(area.code for area in display.areas.all()),
        "expires_at": display.expires_at and display.expires_at.isoformat(),
    }


def unopened(secret: str, at: datetime) -> Display | None:
    """The screen whose link this is, if the link may still be opened."""
    return Display.objects.unopened(at).filter(digest=bearer.digest_of(secret)).first()


@transaction.atomic
def open_display(*, secret: str, by: Actor, at: datetime) -> tuple[Display, str]:
    """Exchange the secret of a link for the screen's own: the link is worth nothing any more.

    Refuses `link_used` when the link is unknown, was opened, or is too old.
    """
    stamp = audit.stamp(by, at)
    rows = Display.objects.select_for_update().unopened(stamp.recorded_at)
    display = rows.filter(digest=bearer.digest_of(secret)).first()
    if display is None:
        raise Refused(
            _("This link has been used, or is too old."),
            code="link_used",
            hint=_("Have a new one made in the admin, under “Wall screens”."),
        )
    own = bearer.new_secret()
    display.digest, display.opened_at = bearer.digest_of(own), stamp.recorded_at
    display.save(update_fields=["digest", "opened_at"])
    audit.record("people.open_display", stamp=stamp, subject=display)
    return display, own


def revoke_display(*, display: Display, by: Actor, at: datetime) -> Display:
    """End a screen now. Nothing happens to one that is revoked already."""
    return bearer.revoke(display, action="people.revoke_display", by=by, at=at)


def known(secret: str, at: datetime) -> Display | None:
    """The screen that holds this secret, unless it was revoked or has expired. One statement."""
    return next(iter(_KNOWN(now=at, digests=[bearer.digest_of(secret)])), None) if secret else None


def note_seen(display: Display, at: datetime) -> None:
    """Keep that the screen is alive, now and then."""
    if display.last_seen_at is None or display.last_seen_at < at - SEEN_EVERY:
        Display.objects.filter(pk=display.pk).update(last_seen_at=at)
