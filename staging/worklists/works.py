"""What each reason of an alert calls for, and who may do it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from staging.models import AlertReason


class Work(TextChoices):
    """Kinds of work, in the order in which one of them goes before another at the same stop: what
    may not be used is never sent on, what nobody needs is not moved to another lane."""

    PULL = "pull", _("Pull to quarantine")
    UNSTAGE = "unstage", _("Unstage")
    MOVE = "move", _("Move to another lane")
    SEND_ON = "send_on", pgettext_lazy("work", "Send on")
    FETCH = "fetch", _("Stage more")
    CHASE = "chase", _("Chase the release")
    COUNT = "count", _("Re-count")


ORDER = {work: place for place, work in enumerate(Work)}

ICONS = {
    Work.PULL: "shield-exclamation",
    Work.UNSTAGE: "arrow-down-circle",
    Work.MOVE: "shuffle",
    Work.SEND_ON: "play-circle-fill",
    Work.FETCH: "box-arrow-in-right",
    Work.CHASE: "clipboard2-check",
    Work.COUNT: "calculator",
}

GOES_ON = (Work.SEND_ON, Work.UNSTAGE)
LEAVES = (Work.UNSTAGE, Work.COUNT)
PULLED = (Work.PULL,)

CALLS_FOR: Mapping[AlertReason, tuple[Work, ...]] = {
    AlertReason.DWELL_WARNING: GOES_ON,
    AlertReason.DWELL_CRITICAL: (*GOES_ON, Work.COUNT),
    AlertReason.NEXT_STEP_OVERDUE: GOES_ON,
    AlertReason.DEMAND_RETIMED: GOES_ON,
    AlertReason.LOT_ON_HOLD: PULLED,
    AlertReason.LOT_REJECTED: PULLED,
    AlertReason.LOT_EXPIRED: PULLED,
    AlertReason.RETEST_DUE: PULLED,
    AlertReason.SHELF_LIFE_SHORT: (Work.PULL, Work.UNSTAGE),
    AlertReason.NOT_USABLE: PULLED,
    AlertReason.WITHOUT_DEMAND: LEAVES,
    AlertReason.DEMAND_CANCELLED: LEAVES,
    AlertReason.DEMAND_REDUCED: LEAVES,
    AlertReason.OVER_STAGED: LEAVES,
    AlertReason.WRONG_LANE: (Work.MOVE, Work.UNSTAGE),
    AlertReason.DEMAND_REROUTED: (Work.MOVE, Work.UNSTAGE),
    AlertReason.LANE_OVER_CAPACITY: (Work.MOVE, Work.UNSTAGE, Work.COUNT),
    AlertReason.DEMAND_SHORT: (Work.FETCH,),
    AlertReason.RESERVATION_LOST: (Work.FETCH,),
    AlertReason.RELEASE_AWAITED: (Work.CHASE,),
}
"""The first is what is done as a rule; the others would do as well, or tell whether there is
anything to do: what should long be gone is counted."""

VERBS: Mapping[Work, frozenset[str]] = {
    Work.PULL: frozenset({"inventory.move", "staging.unstage"}),
    Work.UNSTAGE: frozenset({"staging.unstage", "inventory.put_away"}),
    Work.MOVE: frozenset({"staging.transfer"}),
    Work.SEND_ON: frozenset({"staging.issue", "staging.load"}),
    Work.FETCH: frozenset({"staging.stage"}),
    Work.CHASE: frozenset({"quality.release"}),
    Work.COUNT: frozenset({"inventory.adjust"}),
}
"""The permissions that a kind of work takes, all of them."""


def permitted(user: Any) -> frozenset[Work]:
    """The kinds of work that somebody may do."""
    return frozenset(work for work, needed in VERBS.items() if user.has_perms(needed))


def reasons_for(works: Iterable[Work]) -> list[AlertReason]:
    """The reasons that call for any of these kinds of work."""
    wanted = set(works)
    return [reason for reason, calls in CALLS_FOR.items() if wanted.intersection(calls)]


def best_first(reasons: Iterable[str], may: Iterable[Work]) -> tuple[Work, ...]:
    """What alerts of these reasons call for at one stop, of what somebody may do.

    What is done as a rule for one of them goes before what would do; where something has to be
    pulled, nothing else moves it.
    """
    calls = [CALLS_FOR[AlertReason(reason)] for reason in reasons]
    first = sorted({works[0] for works in calls}, key=ORDER.__getitem__)
    if Work.PULL in first:
        found = [Work.PULL]
    else:
        found = [*first, *sorted({w for works in calls for w in works}, key=ORDER.__getitem__)]
    allowed = set(may)
    return tuple(dict.fromkeys(work for work in found if work in allowed))
