"""What the verbs share: locking what a line names, and finding where stock is taken from."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, cast

from django.db.models import Min, Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refusals, Refused
from inventory.ledger import Book
from inventory.models import Balance, Container, Location, LocationKind, Lot, Unit
from inventory.statements import Select
from inventory.units import plain, to_base
from inventory.wording import inside

L = TypeVar("L")
T = TypeVar("T")


_LOTS = Select(
    lambda: Lot.objects.filter(pk__among="lots").locked().select_related("material__base_unit")
)


def lock_lots(
    lots: Iterable[Lot], *, with_units: bool = False, also: Q | Iterable[int] | None = None
) -> dict[int, Lot]:
    """Lock lots in primary-key order and read them afresh, with their materials.

    `also` adds lots by their keys, or those of a condition, in the same statement.
    """
    wanted = {lot.id for lot in lots}
    if isinstance(also, Q):
        rows = _lock_also(wanted, also)
    else:
        rows = _LOTS(lots=sorted(wanted | set(also or ())))
    if with_units:
        prefetch_related_objects(rows, "material__units")
    return {lot.id: lot for lot in rows}


def _lock_also(wanted: set[int], also: Q) -> list[Lot]:
    """A union and no OR: each part finds its lots by an index of its own."""
    found = Lot.objects.filter(pk__in=wanted).order_by().values("pk")  # SQLite: none in a union
    found = found.union(Lot.objects.filter(also).order_by().values("pk"), all=True)
    rows = Lot.objects.filter(pk__in=found).locked()
    return list(rows.select_related("material__base_unit"))


def _containers() -> QuerySet[Container]:
    named = Container.objects.filter(pk__among="containers").order_by().values("pk")
    holding = Balance.objects.filter(
        lot__among="lots", container__isnull=False, quantity__gt=0
    ).values("container")
    return Container.objects.filter(pk__in=named.union(holding, all=True)).locked()


_CONTAINERS = Select(_containers)


def lock_containers(
    containers: Iterable[Container], lots: Iterable[Lot] = ()
) -> dict[int, Container]:
    """Lock containers, and those that hold the (locked) lots: what is in them stays while we act.

    Lots are locked first, then containers: the order that every action keeps. Their locations are
    not joined: PostgreSQL drops a row from a locking join when it waited for one that has moved.
    """
    rows = _CONTAINERS(
        containers=[container.id for container in containers], lots=[lot.id for lot in lots]
    )
    return {row.id: row for row in rows}


def lock_named(lines: Sequence[L], *, also: Q | Iterable[int] | None = None) -> list[L]:
    """Lock every lot and container that the lines name, and the containers that hold the lots.

    Returns the lines with the rows as they are now. `also` adds lots, as in `lock_lots`.
    """
    with_units = any(getattr(line, "unit", None) for line in lines)
    named = _named(lines, Lot)
    fresh: dict[type[Any], dict[int, Any]] = {
        Lot: lock_lots(named, with_units=with_units, also=also),
        Container: lock_containers(_named(lines, Container), named),
    }
    return [_refreshed(line, fresh) for line in lines]


def _named(lines: Sequence[Any], kind: type[Any]) -> list[Any]:
    names = _names(cast("type", type(lines[0]))) if lines else ()
    return [
        value for line in lines for name in names if isinstance(value := getattr(line, name), kind)
    ]


@cache
def _names(line: type) -> tuple[str, ...]:
    return tuple(declared.name for declared in fields(line))


def _refreshed(line: L, fresh: dict[type[Any], dict[int, Any]]) -> L:
    """The line with the locked rows. Made anew without `dataclasses.replace`, which takes twice
    as long."""
    values = {name: getattr(line, name) for name in _names(cast("type", type(line)))}
    for name, value in values.items():
        rows = fresh.get(type(value))
        if rows is not None:
            values[name] = rows[value.id]
    return type(line)(**values)


def common_reason(lines: Sequence[Any]) -> str:
    """The reason that all lines give, for what is recorded of them together; else ''."""
    reasons = {getattr(line, "reason", "") for line in lines}  # not every kind of line has one
    return reasons.pop() if len(reasons) == 1 else ""


def read_book(lines: Sequence[Any], *, places: Iterable[Location] = ()) -> Book:
    """The balances of every lot and container that the (locked) lines name."""
    return Book.read(_named(lines, Lot), containers=_named(lines, Container), places=places)


def pick_balance(
    book: Book,
    lot: Lot,
    *,
    source: Location | None,
    container: Container | None,
    candidates: Iterable[Balance] | None = None,
) -> Balance:
    """The one balance of the lot to take from.

    Without a source or container, the lot must stand in one place only. Refuses `not_here` and
    `source_needed`, which lists the places.
    """
    found = [
        balance
        for balance in (book.of(lot) if candidates is None else candidates)
        if (source is None or balance.location_id == source.id)
        and (container is None or balance.container_id == container.id)
    ]
    if source is not None and container is None and len(found) > 1:
        loose = [balance for balance in found if balance.container_id is None]
        found = loose or found
    if not found:
        raise not_here(book, lot, source=source, container=container)
    if len(found) > 1:
        raise source_needed(lot, [describe(balance) for balance in found])
    return found[0]


def source_needed(lot: Lot | None, places: Sequence[str]) -> Refused:
    """The refusal of a lot that stands in several places."""
    return Refused(
        _("%(lot)s is in more than one place: %(places)s."),
        code="source_needed",
        field="source",
        hint=_("Scan the location or the container it is taken from."),
        facts={"places": [*places]},
        lot=lot,
        places=", ".join(places),
    )


def not_here(
    book: Book, lot: Lot, *, source: Location | None, container: Container | None
) -> Refused:
    elsewhere = [describe(balance) for balance in book.of(lot)]
    place = container or source
    return Refused(
        _("There is none of %(lot)s at %(place)s.") if place else _("%(lot)s is not on hand."),
        code="not_here",
        field="container" if container else "source" if source else "lot",
        hint=_("It is at: %s.") % ", ".join(elsewhere)
        if elsewhere
        else _("Check the label, or count the location."),
        facts={"places": elsewhere},
        lot=lot,
        place=place,
    )


def describe(balance: Balance) -> str:
    """Where and how much, in words: `BOS-1-1 (3000)`."""
    place = str(balance.container or balance.location)
    return f"{place} ({plain(balance.quantity)})"


def amount(lot: Lot, quantity: Decimal | None, unit: Unit | None, *, otherwise: Decimal) -> Decimal:
    """The quantity in the base unit, or all that there is when none was given.

    Refuses `not_enough` when that is nothing, and the quantity codes.
    """
    if quantity is not None:
        return to_base(lot.material, quantity, unit)
    if otherwise <= 0:
        raise Refused(
            _("Nothing of %(lot)s is free there."),
            code="not_enough",
            field="quantity",
            hint=_("It is promised to or staged for demands: deallocate or unstage it first."),
            facts={"available": "0"},
            lot=lot,
        )
    return otherwise


def require_kind(location: Location, *kinds: LocationKind, field: str, hint: Any = "") -> None:
    """Refuse `wrong_location_kind` or `location_closed`."""
    if location.kind not in kinds:
        raise wrong_kind(location, kinds, field=field, hint=hint)
    if not location.is_open:
        raise Refused(
            _("%(location)s is closed."),
            code="location_closed",
            field=field,
            hint=_("Choose another location, or have it opened."),
            location=location,
        )


def wrong_kind(
    location: Location, kinds: Iterable[LocationKind], *, field: str, hint: Any = ""
) -> Refused:
    """The refusal of a location that is of none of these kinds."""
    return Refused(
        _("%(location)s is a %(kind)s location."),
        code="wrong_location_kind",
        field=field,
        hint=hint
        or _("Scan one of these kinds: %s.") % ", ".join(str(kind.label) for kind in kinds),
        location=location,
        kind=inside(LocationKind(location.kind).label),
    )


def each(lines: Sequence[L], plan: Callable[[L, int], T]) -> list[T]:
    """What each request line comes to; `plan` gets the line and its index.

    Every refusal is found, and told with its line, before one is raised.
    """
    refusals, planned = Refusals(), []
    for index, line in enumerate(lines):
        with refusals.of(index):
            planned.append(plan(line, index))
    refusals.raise_any()
    return planned


def counterparts(kind: LocationKind, sites: Iterable[int]) -> dict[int, Location]:
    """The virtual location of that kind of each of the sites, the other side of the entry, by the
    site's id.

    A site has one of its own; partners (more suppliers and customers) come after it.
    """
    there = Location.objects.filter(kind=kind, site__in=set(sites)).order_by()
    own = there.values("site").annotate(own=Min("pk"))
    return {row.site_id: row for row in Location.objects.filter(pk__in=own.values("own"))}
