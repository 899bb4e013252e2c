"""How flows end: the verb, and its lines, from what is known.

A container stands for all that it holds, `all` for everything that a demand or lane has.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.actions.common import source_needed
from inventory.errors import Refused
from inventory.models import Balance, Container, LocationKind
from inventory.verbs import REGISTRY, Verb
from inventory.wording import joined
from staging.actions.common import demand_needed
from staging.guided.known import Known
from staging.guided.positions import claims, unbound
from staging.models import Commitment

Ending = tuple[str, Sequence[Mapping[str, Any]]]
"""The verb's name, and for each line what it has besides, or instead of, what is known."""

ALL_OF_IT: Mapping[str, Any] = {"quantity": None, "unit": None}

WAYS_OUT = {
    LocationKind.STAGING: ("unstage", "lane"),
    LocationKind.WORK_CENTER: ("return_remainder", "work_center"),
    LocationKind.TRANSIT: ("unload", "vehicle"),
}
"""How what a demand has a claim on leaves a place, and the field that names the place."""


def lines_of(known: Known) -> tuple[Verb, list[Any]]:
    """The verb that what is known comes to, and its lines.

    Refuses `empty_container`, `holds_others`, `several_lots`, `not_committed`, `demand_needed`,
    `source_needed`, `not_here`, `nothing_to_clear`.
    """
    name, parts = known.flow.ends(known)
    verb = REGISTRY[name]
    return verb, [_line(verb, known, part) for part in parts]


def _line(verb: Verb, known: Known, part: Mapping[str, Any]) -> Any:
    values = {
        declared.name: part[declared.name] if declared.name in part else known.value(declared.name)
        for declared in verb.fields
    }
    return verb.line(**{name: value for name, value in values.items() if value not in (None, "")})


def stock(known: Known) -> Ending:
    """A lot, or all that a container holds."""
    verb = known.flow.verb
    if known.lot is not None:
        return verb, [{}]
    held = contents(known.container)
    if known.quantity is not None:
        return verb, [{"lot": _only(held, known.container).lot}]
    return verb, [
        {"lot": row.lot, "container": row.container, "quantity": row.quantity, "unit": None}
        for row in held
    ]


def committed(known: Known) -> Ending:
    """A lot, or what a demand has a claim on in the container, or all that it has."""
    verb = known.flow.verb
    if known.lot is not None and (known.demand or verb != "ship"):
        return verb, [{}]
    rows = claims(known)
    if known.lot is not None:
        return verb, [{"demand": _only_demand(rows, known)}]
    if not rows:
        raise _nothing_there(known)
    if known.quantity is not None:
        return verb, [{"lot": _only(rows, known.container).lot, "lane": rows[0].location}]
    return verb, [_of_claim(row, "lane") for row in rows]


def put_away(known: Known) -> Ending:
    """A container goes as it is, with whatever is packed in it."""
    return ("put_away" if known.lot else "move_container"), [{}]


def cleared(known: Known) -> Ending:
    """What stands in a lane for nobody is put away; a container in one piece, if all in it is so.

    Refuses `nothing_to_clear`, and `source_needed` where it stands in several lanes.
    """
    if known.quantity is None and _goes_whole(known):
        return "move_container", [{}]
    rows = unbound(known)
    rows = rows.filter(lot=known.lot) if known.lot else rows.filter(container=known.container)
    if known.lot and known.container:
        rows = rows.filter(container=known.container)
    found = list(rows.order_by("pk"))
    if not found:
        raise _nothing_to_clear(known)
    lanes = {row.location.code: row for row in found}
    if len(lanes) > 1:
        raise source_needed(known.lot, sorted(lanes))
    if known.quantity is not None and len(found) > 1:
        raise source_needed(known.lot, [str(row.container or row.location) for row in found])
    return known.flow.verb, [
        {"lot": row.lot, "source": row.location, "container": row.container} for row in found
    ]


def _goes_whole(known: Known) -> bool:
    """Whether the container goes, and not what is in it: nothing there is anybody's, and nothing
    else in it than what was scanned."""
    if not _is_free(known.container):
        return False
    others = Balance.objects.on_hand().filter(container=known.container).exclude(lot=known.lot)
    return known.lot is None or not others.exists()


def _is_free(container: Container | None) -> bool:
    """Whether it stands in a lane, and nobody has a claim on anything in it."""
    if container is None or container.location.kind != LocationKind.STAGING:
        return False
    inside = Q(container=container) | Q(container__parent=container)
    inside |= Q(container__parent__parent=container)
    held = Balance.objects.on_hand().filter(inside).values_list("bound", "reserved")
    return bool(held) and not any(bound or reserved for bound, reserved in held)


def _nothing_to_clear(known: Known) -> Refused:
    return Refused(
        _("Nothing of %(item)s stands in a lane without a demand."),
        code="nothing_to_clear",
        field="lot" if known.lot else "container",
        hint=_("What is staged for a demand is unstaged instead."),
        item=known.item,
    )


def counted(known: Known) -> Ending:
    """One lot, in the container if one was scanned."""
    if known.lot is not None:
        return known.flow.verb, [{}]
    return known.flow.verb, [{"lot": _only(contents(known.container), known.container).lot}]


def to_quarantine(known: Known) -> Ending:
    """What a demand has a claim on goes back by the verb that tells the demand; the rest moves."""
    rows = _standing(known)
    bound = [row for row in rows if row.bound and row.location.kind in WAYS_OUT]
    if not bound:
        return ("move" if known.lot else "move_container"), [{}]
    if known.lot is not None and len(rows) > 1:
        raise source_needed(known.lot, [str(row.container or row.location) for row in rows])
    name, field = WAYS_OUT[LocationKind(bound[0].location.kind)]
    if known.lot is not None:
        return name, [{field: bound[0].location, "container": bound[0].container}]
    open_rows = Commitment.objects.open().filter(container=known.container)
    found = open_rows.select_related("lot__material", "location", "requirement__demand")
    return name, [
        _of_claim(row, field) | {"container": known.container}
        for row in found.order_by("pk")
        if row.state in ("staged", "issued")
    ]


def contents(container: Container | None) -> list[Balance]:
    """What the container holds. Refuses `empty_container`, and `holds_others` where containers
    are packed in it: those are scanned."""
    assert container is not None  # noqa: S101 - asked for when no lot is known
    inside = Q(container=container) | Q(container__parent=container)
    rows = Balance.objects.on_hand().filter(inside)
    held = list(rows.select_related("lot__material", "location", "container").order_by("pk"))
    others = sorted({str(row.container) for row in held if row.container_id != container.pk})
    if others:
        raise Refused(
            _("%(container)s holds other containers: %(others)s."),
            code="holds_others",
            field="container",
            hint=_("Scan those, one after the other."),
            facts={"scans": others},
            container=container,
            others=", ".join(others),
        )
    if not held:
        raise Refused(
            _("%(container)s is empty."),
            code="empty_container",
            field="container",
            hint=_("Scan the lot, or pack the container first."),
            container=container,
        )
    return held


def _only(rows: Sequence[Any], container: Container | None) -> Any:
    """The one lot there. Refuses `several_lots`."""
    lots = sorted({row.lot.code for row in rows})
    if len(lots) > 1:
        raise Refused(
            _("%(container)s holds several lots: %(lots)s."),
            code="several_lots",
            field="container",
            hint=_("Scan the lot that is meant."),
            facts={"lots": lots, "container": str(container)},
            container=container,
            lots=", ".join(lots),
        )
    return rows[0]


def _only_demand(rows: Sequence[Commitment], known: Known) -> Any:
    demands = {row.requirement.demand.reference: row.requirement.demand for row in rows}
    if not demands:
        raise _nothing_there(known)
    if len(demands) > 1:
        raise demand_needed(known.lot, demands)
    return next(iter(demands.values()))


def _of_claim(row: Commitment, field: str) -> dict[str, Any]:
    return {
        "lot": row.lot,
        field: row.location,
        "demand": row.requirement.demand,
        "container": row.container,
        **ALL_OF_IT,
    }


def _standing(known: Known) -> list[Balance]:
    """Where the item stands on hand, at the place that was said, if one was."""
    rows = Balance.objects.on_hand().select_related("lot", "location", "container")
    rows = rows.filter(lot=known.lot) if known.lot else rows.filter(container=known.container)
    if known.lot and known.container:
        rows = rows.filter(container=known.container)
    if place := known.places.get("source"):
        rows = rows.filter(location=place)
    return list(rows.order_by("pk"))


def _nothing_there(known: Known) -> Refused:
    states = joined([state.label for state in known.flow.states])
    what = known.item or known.demand or known.places.get("lane")
    return Refused(
        _("Nothing of %(item)s is %(what)s there."),
        code="not_committed",
        field="lot" if known.lot else "container",
        hint=_("Check the label, the place and the demand."),
        item=what,
        what=states,
    )
