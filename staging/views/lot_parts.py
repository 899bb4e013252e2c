"""What the lot page says of a lot, in the form in which it is drawn."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _

from inventory import audit_words
from inventory.genealogy import Link, Trace
from inventory.models import Lot, LotStatus
from inventory.verbs import REGISTRY, Verb
from inventory.views.verbs import path_of
from staging.timeline import Event

CLOCKS_DIFFER = timedelta(seconds=60)
"""From here on the claimed time is shown beside the recorded one."""

DRAWN: dict[str, tuple[str, str]] = {
    "movement": ("arrow-left-right", ""),
    "decision": ("patch-check-fill", "info"),
    "hold": ("pause-circle-fill", "bad"),
    "lift": ("unlock", "ok"),
    "inspection": ("clipboard2-check", "calm"),
    "alert": ("exclamation-triangle-fill", "warn"),
    "alert_closed": ("check-lg", "calm"),
    "acknowledgement": ("check2-square", "calm"),
    "alert_escalated": ("people", "bad"),
    "alert_snoozed": ("volume-mute", "calm"),
    "alert_woken": ("volume-up", "warn"),
    "alert_assigned": ("person", "info"),
    "alert_reopened": ("arrow-repeat", "warn"),
    "alert_regraded": ("exclamation-triangle-fill", "info"),
    "refused": ("slash-circle-fill", "bad"),
}
"""Icon and tone of each kind of event."""

MOST_LINKS = 300
"""Links that a drawn genealogy has at most."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, as `components/timeline.html` takes it."""

    when: datetime
    who: str
    what: str
    why: str
    surface: str
    icon: str
    tone: str
    url: str
    claimed_at: datetime | None


def entries(events: Iterable[Event], *, link: bool) -> list[Entry]:
    """The timeline to be drawn; with links into the audit trail for who may read it."""
    return [_entry(event, link=link) for event in events]


def _entry(event: Event, *, link: bool) -> Entry:
    icon, tone = DRAWN[event.kind]
    apart = abs(event.recorded_at - event.occurred_at) >= CLOCKS_DIFFER
    batch = getattr(event.source, "batch", None)
    return Entry(
        when=event.recorded_at,
        who=event.who,
        what=_what(event),
        why=event.why,
        surface=event.surface,
        icon=icon,
        tone=tone,
        url=f"{reverse('staging:audit')}?batch={batch}" if link and batch else "",
        claimed_at=event.occurred_at if apart else None,
    )


def _what(event: Event) -> str:
    title = event.title
    if event.kind == "refused":
        title = _("Refused: %(verb)s") % {"verb": audit_words.verb_label(event.source.verb)}
    return " · ".join(filter(None, [title, event.detail]))


# --- genealogy ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Node:
    """A lot in the tree. `again`: what follows from it is drawn where it first stands.

    The quantity of a link is of the lot that was used up, in that lot's unit.
    """

    link: Link
    forward: bool
    again: bool = False
    below: list["Node"] = field(default_factory=list)

    @property
    def unit(self) -> str:
        used = self.link.near if self.forward else self.link.far
        return str(used.material.base_unit_id)


def tree(lot: Lot, trace: Trace, *, forward: bool) -> tuple[list[Node], int]:
    """The trace as nested nodes, nearest first, and how many links were left out."""
    by_near: dict[int, list[Link]] = defaultdict(list)
    for link in trace.links[:MOST_LINKS]:
        by_near[link.near.pk].append(link)
    seen: set[int] = {lot.pk}
    level = roots = [Node(link, forward) for link in by_near[lot.pk]]
    while level:
        deeper: list[Node] = []
        for node in level:
            node.again = node.link.far.pk in seen
            seen.add(node.link.far.pk)
            if not node.again:
                node.below = [Node(link, forward) for link in by_near[node.link.far.pk]]
                deeper += node.below
        level = deeper
    return roots, max(len(trace.links) - MOST_LINKS, 0)


# --- what may be done ---------------------------------------------------------------------------

FIRST = ("stage", "record_inspection", "release", "place_hold")
THEN = (
    "put_away", "move", "allocate", "adjust", "sample", "pack", "unpack", "restrict", "reject",
    "reopen", "close_lot", "split_lot", "merge_lots", "send_back", "scrap",
)  # fmt: skip
"""The verbs that the page offers, in this order: buttons first, the others in a menu."""

ONLY_WHEN: dict[str, Sequence[LotStatus]] = {
    "release": (LotStatus.QUARANTINE, LotStatus.RESTRICTED),
    "restrict": (LotStatus.QUARANTINE, LotStatus.RELEASED, LotStatus.RESTRICTED),
    "reject": (LotStatus.QUARANTINE, LotStatus.RELEASED, LotStatus.RESTRICTED),
    "reopen": (LotStatus.RELEASED, LotStatus.RESTRICTED, LotStatus.REJECTED),
    "stage": (LotStatus.RELEASED, LotStatus.RESTRICTED),
    "allocate": (LotStatus.RELEASED, LotStatus.RESTRICTED),
}
"""Offered for a lot of these statuses only: a help to the eye, the actions decide."""


def offered(lot: Lot, user: User, *, on_hand: bool) -> tuple[list[Any], list[Any]]:
    """Buttons and menu entries for what the person may do with the lot."""
    if lot.status == LotStatus.CLOSED:
        return [], []
    return _links(FIRST, lot, user, on_hand), _links(THEN, lot, user, on_hand)


def _links(names: Sequence[str], lot: Lot, user: User, on_hand: bool) -> list[dict[str, Any]]:
    return [
        {"url": path_of(name, lot=lot.code), "label": verb.label, "icon": verb.icon}
        for name in names
        if _fits(verb := REGISTRY[name], lot, on_hand) and user.has_perm(verb.permission)
    ]


WITHOUT_STOCK = frozenset(
    {"record_inspection", "release", "place_hold", "restrict", "reject", "reopen", "close_lot"}
)
"""What can be done with a lot that is not on hand."""


def _fits(verb: Verb, lot: Lot, on_hand: bool) -> bool:
    if not on_hand and verb.name not in WITHOUT_STOCK:
        return False
    if verb.name == "close_lot" and on_hand:
        return False
    return lot.status in ONLY_WHEN.get(verb.name, tuple(LotStatus))
