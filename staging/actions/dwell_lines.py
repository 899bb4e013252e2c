"""What a program or a file says of dwell policies and of when a site works."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Annotated

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.fields import About
from inventory.models import Location, Material, Purpose, Site
from staging.actions.demands import SiteField
from staging.models import Counted, DemandKind

Reason = Annotated[str, About(_("Reason"), _("Kept in the audit trail."))]


class Start(models.TextChoices):
    """What a new draft begins with."""

    IN_FORCE = "in_force", _("what is in force")
    EMPTY = "empty", _("nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLine:
    """A policy, whole: what is left out of its scope means any. One of the same scope that begins
    on the same day is changed."""

    note: Annotated[str, About(_("Why"), max_length=200)]
    material: Annotated[Material | None, About(_("Material"))] = None
    category: Annotated[str, About(_("Material category"), max_length=80)] = ""
    customer: Annotated[Location | None, About(_("Customer"))] = None
    kind: Annotated[DemandKind | None, About(_("Demand kind"))] = None
    lane: Annotated[Location | None, About(_("Lane"))] = None
    area: Annotated[Location | None, About(_("Area"), _("All lanes in it."))] = None
    site: Annotated[Site | None, About(_("Site"))] = None
    purpose: Annotated[Purpose | None, About(_("Purpose"))] = None
    warn_after: Annotated[timedelta | None, About(_("Warn after"), _("Empty: no warning."))] = None
    critical_after: Annotated[
        timedelta | None, About(_("Critical after"), _("Empty: it may stay."))
    ] = None
    counted: Annotated[Counted, About(_("Counted in"))] = Counted.ELAPSED
    valid_from: Annotated[date | None, About(_("Valid from"))] = None
    valid_until: Annotated[date | None, About(_("Valid until"))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DwellDraft:
    """Policies for a draft, which is made where none is named."""

    reason: Reason
    policies: Annotated[tuple[PolicyLine, ...], About(_("Policies"))] = ()
    draft: Annotated[int | None, About(_("Draft"), _("Its version. Empty: a new one is made."))] = (
        None
    )
    starts: Annotated[Start, About(_("Starts with"), _("What a new draft holds before that."))] = (
        Start.IN_FORCE
    )
    note: Annotated[
        str,
        About(_("What it changes"), _("Of a new draft; empty: the reason."), max_length=200),
    ] = ""
    whole: Annotated[
        bool, About(_("These alone"), _("Policies of the draft that are not named are removed."))
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DwellActivation:
    """A draft that comes into force. Somebody who has not written it says so."""

    draft: Annotated[int, About(_("Draft"), _("Its version."))]
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftLine:
    """A shift on some days of the week. At or before its start, it ends the next day."""

    name: Annotated[str, About(_("Name"), max_length=60)]
    days: Annotated[
        str, About(_("Days"), _("As ISO 8601 numbers them: 1 is Monday."), max_length=7)
    ]
    starts: Annotated[time, About(_("Starts"), _("By the site's clock."))]
    ends: Annotated[time, About(_("Ends"))]
    breaks: Annotated[
        str, About(_("Breaks"), _("E.g. 09:00-09:15, 12:00-12:30."), max_length=200)
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarLine:
    """All shifts of a site from a day on, until its next calendar begins."""

    site: SiteField
    valid_from: Annotated[date, About(_("Valid from"))]
    shifts: Annotated[
        tuple[ShiftLine, ...], About(_("Shifts"), _("All of them: none, if it does not work."))
    ]
    reason: Reason
    note: Annotated[str | None, About(_("What it is"), max_length=200)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDayLine:
    """A holiday of a site, or an extra working day."""

    site: SiteField
    day: Annotated[date, About(_("Day"))]
    name: Annotated[str, About(_("Name"), max_length=120)]
    reason: Reason
    works_like: Annotated[
        int | None,
        About(_("Works like"), _("The day of the week, 1 is Monday. Empty: a holiday.")),
    ] = None
