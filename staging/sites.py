"""How the things of staging know their sites."""

from inventory import sites
from staging.models import Alert, ClaimChange, Commitment, Demand, LabelSize, PullTask, UnstageTask


def install() -> None:
    """What is committed is of the site where it stands."""
    sites.register(Demand, sites.at("site"))
    sites.register(ClaimChange, sites.at("requirement__demand__site"))
    sites.register(Commitment, sites.at("location__site"))
    sites.register(Alert, sites.at("location__site"))
    sites.register(PullTask, sites.at("commitment__location__site"))
    sites.register(UnstageTask, sites.at("location__site"))
    sites.register(LabelSize, None)
