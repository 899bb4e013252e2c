"""Whose clock is shown: a site's on the pages of that site, else the installation's.

What the gate decides by ("today") is the installation's day everywhere: only what is shown, and
what is typed for a site, goes by the site's clock.
"""

from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.forms.utils import from_current_timezone
from django.utils import timezone

from inventory.models import Site


def zone_named(name: str) -> tzinfo:
    """The time zone of this name; the installation's for one that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError):  # no name of a file, or of none that there is
        return timezone.get_default_timezone()


def zone_of(site: Site | None) -> tzinfo:
    """The site's time zone; the installation's where there is no site."""
    return zone_named(site.time_zone) if site else timezone.get_default_timezone()


def gate_day(at: datetime | None = None) -> date:
    """The day that the gate decides by, now or then, whatever clock a page shows."""
    return timezone.localdate(at, timezone.get_default_timezone())


def as_typed_at(site: Site, moment: datetime) -> datetime:
    """A moment that was typed by the site's clock, and read by ours.

    Raises ValidationError where the site's clock skips it, or shows it twice.
    """
    typed = timezone.make_naive(moment)
    with timezone.override(zone_of(site)):
        return from_current_timezone(typed)
