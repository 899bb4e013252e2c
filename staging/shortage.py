"""Why a line of a demand is short: where what it lacks is, as far as it is anywhere."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from inventory.fields import Words
from inventory.models import LocationKind
from inventory.statements import Select
from quality import gate
from quality.models import Hold
from staging import kits, stops
from staging.models import Requirement
from staging.picture import judged

WORDS: dict[str, tuple[str, str, Words]] = {
    "reserved": ("info", "bookmark-check", _("reserved, to be fetched")),
    "free": ("info", "box-seam", _("free in storage")),
    "in_lane": ("info", "pin-map-fill", _("in a lane for no demand")),
    "in_transit": ("info", "truck", _("in transit")),
    "lot_quarantine": ("warn", "shield-exclamation", _("in quarantine, awaiting release")),
    "in_quarantine_area": ("warn", "shield-exclamation", _("in a quarantine area")),
    "lot_on_hold": ("bad", "pause-circle-fill", _("on hold")),
    "for_others": ("warn", "people", _("for others, or needed sooner")),
    "at_other_site": ("warn", "truck", _("free at another site")),
    "not_on_hand": ("bad", "x-circle-fill", _("not on hand")),
}
"""Tone, icon and words of each reason. The other stops of the gate have its own words."""

ORDER = ("free", "in_lane", "in_transit", "lot_quarantine", "in_quarantine_area", "lot_on_hold")
"""What is looked at first: what is nearest to being staged. Other stops follow."""

PLACES = {
    LocationKind.STORAGE: "free",
    LocationKind.STAGING: "in_lane",
    LocationKind.TRANSIT: "in_transit",
    LocationKind.QUARANTINE: "in_quarantine_area",
}
"""Why usable stock is not staged, by where it stands. At a work centre it is used already."""


@dataclass(frozen=True, slots=True)
class Cause:
    """So much of what is missing, in the base unit, is there or not for this reason."""

    code: str
    quantity: Decimal

    @property
    def tone(self) -> str:
        return WORDS.get(self.code, ("bad",))[0]

    @property
    def icon(self) -> str:
        return WORDS[self.code][1] if self.code in WORDS else "slash-circle-fill"

    @property
    def words(self) -> str:
        known = WORDS.get(self.code)
        return str(known[2] if known else gate.STOP_LABELS.get(self.code, self.code))


class Key(NamedTuple):
    """Of what and where: a material, or the one lot that a line names, at a site."""

    material: int
    lot: int | None
    site: int


@dataclass(slots=True)
class Pool:
    """What there is: free stock by the reason why it is not staged, and what is claimed."""

    free: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    claimed: Decimal = Decimal(0)

    def take(self, code: str, missing: Decimal) -> Decimal:
        """Take what is there; a line that is less urgent finds it claimed."""
        part = min(self.free[code], missing)
        self.free[code] -= part
        self.claimed += part
        return part


def causes(
    lines: Sequence[Requirement],
    sites: Mapping[int, int],
    on: date,
    *,
    elsewhere: Callable[[int], bool] | None = None,
) -> dict[int, list[Cause]]:
    """Why what is missing of each line is not staged, by the line's id; the most urgent first.

    `lines` come with their progress, `sites` gives a demand's. `elsewhere` says which other sites
    may be looked at for what is not on hand; none without it. The same statements, however many.
    """
    pools = _pools({line.material_id for line in lines}, on, lots=any(x.lot_id for x in lines))
    keys = {line.pk: Key(line.material_id, line.lot_id, sites[line.demand_id]) for line in lines}
    others: dict[Key, list[Pool]] = {}
    if elsewhere:
        for key in set(keys.values()):
            others[key] = [
                pool
                for other, pool in pools.items()
                if other[:2] == key[:2] and other.site != key.site and elsewhere(other.site)
            ]
    return {
        line.pk: _of(line, pools[keys[line.pk]], others.get(keys[line.pk], ())) for line in lines
    }


def _of(line: Any, pool: Pool, elsewhere: Sequence[Pool] = ()) -> list[Cause]:
    found = [Cause("reserved", line.reserved)] if line.reserved > 0 else []
    missing = kits.short(line)
    for code in (*ORDER, *(code for code in list(pool.free) if code not in ORDER)):
        if missing > 0 and (part := pool.take(code, missing)) > 0:
            found.append(Cause(code, part))
            missing -= part
    own = line.staged + sum(cause.quantity for cause in found)
    others = min(max(pool.claimed - own, Decimal(0)), missing)
    missing -= others
    away = Decimal(0)
    for other in elsewhere:
        away += other.take("free", missing - away)
    rest = (("for_others", others), ("at_other_site", away), ("not_on_hand", missing - away))
    return found + [Cause(code, quantity) for code, quantity in rest if quantity > 0]


def _pools(materials: Collection[int], on: date, *, lots: bool) -> dict[Key, Pool]:
    """The pools of the materials by site, and those of their lots where lines name some."""
    pools: dict[Key, Pool] = defaultdict(Pool)
    if not materials:
        return pools
    doubtful = stops.InForce.read().doubtful(on)
    held = stops.places_under(Hold.objects.open())
    for of_lots in (False, True) if lots else (False,):
        rows = _stock(doubtful, of_lots=of_lots).rows(materials=materials, held=held, on=on)
        for material, lot, site, kind, stop, free, claimed in rows:
            pool = pools[Key(material, lot if of_lots else None, site)]
            pool.free[stop or PLACES[kind]] += free
            pool.claimed += claimed
    return pools


@lru_cache(maxsize=8)
def _stock(doubtful: Q, *, of_lots: bool) -> Select[Any]:
    rows = judged(doubtful).filter(location__kind__in=list(PLACES))
    which = F("lot") if of_lots else F("lot__material")
    rows = rows.annotate(which=which).values_list(
        "lot__material", "which", "location__site", "location__kind", "stop"
    )
    free = Sum(F("quantity") - F("reserved") - F("bound"))
    return Select(lambda: rows.annotate(free=free, claimed=Sum(F("reserved") + F("bound"))))
