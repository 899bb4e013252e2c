"""How the things of staging know their sites."""

from django.db.models import Q

from inventory import sites
from inventory.sites import Limit
from staging.models import (
    Alert,
    AlertRule,
    AlertStep,
    ClaimChange,
    ClaimStep,
    Commitment,
    DayNumber,
    DaySnapshot,
    Demand,
    DwellPolicy,
    LabelSize,
    PullTask,
    Shift,
    SiteCalendar,
    SpecialDay,
    UnstageTask,
)


def _names_no_other_site(limit: Limit) -> Q:
    """A policy that names no place holds at every site."""
    found = Q(lane=None, area=None, site=None)
    for place in ("lane__site", "area__site", "site"):
        found |= sites.at(place)(limit)
    return found


def install() -> None:
    """What is committed is of the site where it stands."""
    sites.register(Demand, sites.at("site"))
    sites.register(ClaimChange, sites.at("requirement__demand__site"))
    sites.register(ClaimStep, sites.at("location__site"))
    sites.register(Commitment, sites.at("location__site"))
    sites.register(Alert, sites.at("site"))
    sites.register(AlertStep, sites.at("alert__site"))
    sites.register(AlertRule, lambda limit: Q(site=None) | sites.at("site")(limit))
    sites.register(PullTask, sites.at("commitment__location__site"))
    sites.register(UnstageTask, sites.at("location__site"))
    sites.register(LabelSize, None)
    sites.register(DwellPolicy, _names_no_other_site)
    sites.register(DaySnapshot, sites.at("site"))
    sites.register(DayNumber, sites.at("snapshot__site"))
    sites.register(SiteCalendar, sites.at("site"))
    sites.register(Shift, sites.at("calendar__site"))
    sites.register(SpecialDay, sites.at("site"))
