"""The flows, as data: what each asks for in which order, and how it ends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from inventory import guided
from inventory.fields import Words
from inventory.guided import Guided
from inventory.models import REAL_KINDS, Location, LocationKind
from staging.actions.common import not_shipment
from staging.actions.shipping import only_shipment
from staging.guided import ends, positions
from staging.guided.ends import Ending
from staging.guided.known import Known
from staging.guided.positions import Position
from staging.models import Demand, State

ITEM = "item"
"""Stands among what a flow asks for where a lot or container is scanned."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a flow may be told: the verb's field, and what kinds of location it may be."""

    field: str
    kinds: Sequence[LocationKind]
    label: Words
    ask: Words = ""

    def fits(self, location: Location) -> bool:
        return location.kind in self.kinds


def _any(demand: Demand) -> None:
    """Any demand will do."""


@dataclass(frozen=True, kw_only=True)
class Flow(Guided):
    """`asks` are the fields in the order in which they are named; scans may come in any order.

    `places` are tried in their order for a scanned location. `ends` makes of what is known the
    verb's name and its lines; `shows` what is left to do. With `whole`, all that a demand or lane
    has in these `states` can be done at once; `check_demand` refuses demands of another kind.
    `here` is the place at which one stands to do it: at a stop of a worklist it is scanned first.
    """

    asks: Sequence[str]
    places: Sequence[Place]
    ends: Callable[[Known], Ending]
    shows: Callable[[Known], list[Position]]
    states: Sequence[State] = ()
    takes_demand: bool = True
    check_demand: Callable[[Demand], object] = _any
    whole: Words = ""
    reason: Words = ""
    here: str = ""

    def place(self, field: str) -> Place | None:
        return next((place for place in self.places if place.field == field), None)


_STORES = (LocationKind.STORAGE, LocationKind.QUARANTINE)
_FROM_LANE = Place("lane", (LocationKind.STAGING,), _("From lane"))


FLOWS = (
    Flow(
        name="stage", label=_("Stage"), icon="box-arrow-in-right", verb="stage",
        help=_("Demand, then lots or pallets and their lanes."),
        asks=("demand", ITEM, "lane"),
        places=(
            Place("lane", (LocationKind.STAGING,), _("Lane"), _("Scan the lane")),
            Place("source", _STORES, _("From")),
        ),
        ends=ends.stock, shows=positions.picks,
    ),
    Flow(
        name="issue", label=_("Issue"), icon="play-circle-fill", verb="issue",
        help=_("Scan what is staged: its activity starts."),
        asks=(ITEM,),
        places=(
            _FROM_LANE,
            Place("work_center", (LocationKind.WORK_CENTER,), _("Work centre"),
                  _("Scan the work centre")),
        ),
        ends=ends.committed, shows=positions.committed, states=(State.STAGED,),
        whole=_("Issue all of it"), check_demand=not_shipment, here="lane",
    ),
    Flow(
        name="load", label=_("Load"), icon="truck", verb="load",
        help=_("Pallets onto a vehicle, or a whole shipment or lane."),
        asks=(ITEM, "vehicle"),
        places=(
            Place("vehicle", (LocationKind.TRANSIT,), _("Vehicle"),
                  _("Scan the truck, trailer or dock door")),
            _FROM_LANE,
        ),
        ends=ends.committed, shows=positions.committed, states=(State.STAGED,),
        whole=_("Load all of it"), check_demand=only_shipment, here="lane",
    ),
    Flow(
        name="ship", label=_("Ship"), icon="box-arrow-right", verb="ship",
        help=_("Let a shipment leave, pallet by pallet or whole."),
        asks=(ITEM,),
        places=(Place("lane", (LocationKind.STAGING, LocationKind.TRANSIT), _("From")),),
        ends=ends.committed, shows=positions.committed, states=(State.ISSUED, State.STAGED),
        whole=_("Ship all of it"), check_demand=only_shipment,
    ),
    Flow(
        name="put-away", label=_("Put away"), icon="archive-fill", verb="put_away",
        help=_("Lots or pallets, and where they go."),
        asks=(ITEM, "target"),
        places=(Place("target", _STORES, _("To"), _("Scan the place it goes to")),),
        ends=ends.put_away, shows=positions.none, takes_demand=False,
    ),
    Flow(
        name="unstage", label=_("Unstage"), icon="arrow-down-circle", verb="unstage",
        help=_("Take staged stock back to storage."),
        asks=(ITEM, "target"),
        places=(
            Place("target", _STORES, _("To"), _("Scan the place it goes to")), _FROM_LANE,
        ),
        ends=ends.committed, shows=positions.committed, states=(State.STAGED,),
        whole=_("Unstage all of it"), here="lane",
    ),
    Flow(
        name="transfer", label=_("Move lane"), icon="shuffle", verb="transfer",
        help=_("Take staged stock to another lane."),
        asks=(ITEM, "target"),
        places=(
            _FROM_LANE,
            Place("target", (LocationKind.STAGING,), _("To lane"), _("Scan the lane it goes to")),
        ),
        ends=ends.committed, shows=positions.committed, states=(State.STAGED,),
        whole=_("Move all of it"), here="lane",
    ),
    Flow(
        name="clear", label=_("Clear lanes"), icon="inbox", verb="put_away",
        help=_("Put away what stands in lanes for nobody."),
        asks=(ITEM, "target"),
        places=(
            Place("target", _STORES, _("To"), _("Scan the place it goes to")), _FROM_LANE,
        ),
        ends=ends.cleared, shows=positions.lying, takes_demand=False, here="lane",
    ),
    Flow(
        name="count", label=_("Count"), icon="calculator", verb="adjust",
        help=_("A place, then lot after lot with what is there."),
        asks=("location", ITEM, "quantity"),
        places=(
            Place("location", REAL_KINDS, _("Location"), _("Scan the location you count")),
        ),
        ends=ends.counted, shows=positions.standing, takes_demand=False, reason=_("Counted"),
        here="location",
    ),
    Flow(
        name="quarantine", label=_("To quarantine"), icon="shield-exclamation", verb="move",
        help=_("From wherever it stands."),
        asks=(ITEM, "target"),
        places=(
            Place("target", (LocationKind.QUARANTINE,), _("To"),
                  _("Scan the quarantine location")),
        ),
        ends=ends.to_quarantine, shows=positions.none, takes_demand=False, here="source",
    ),
)  # fmt: skip


def install() -> None:
    """Offer the guided flows on the work page."""
    guided.register(*FLOWS)
