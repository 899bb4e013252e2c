"""Containers: register, pack, unpack, and move with all they hold."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Annotated

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger, preconditions
from inventory.actions.common import (
    amount,
    each,
    lock_lots,
    lock_named,
    pick_balance,
    read_book,
    require_kind,
)
from inventory.actions.moves import LotField, UnitField
from inventory.actions.numbering import ContainerField, allot, require_prefix
from inventory.audit import Actor
from inventory.check_digits import is_checked
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book, Line
from inventory.models import (
    Balance,
    Container,
    Location,
    LocationKind,
    Lot,
    Movement,
    MovementKind,
)
from inventory.models.places import code_validator

LocationField = Annotated[Location, About(_("Location"), _("Where it stands."))]
TargetField = Annotated[Location, About(_("To"), _("Scan the location it goes to."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContainer:
    """A handling unit that comes into use."""

    code: Annotated[str, About(_("Code"), _("What its label carries."), max_length=60)]
    location: LocationField
    kind: Annotated[str, About(_("Kind"), _("Pallet, drum, tote …"), max_length=40)] = ""
    sscc: Annotated[
        str, About(_("SSCC"), _("18 digits, if it is numbered by GS1."), max_length=18)
    ] = ""
    numbered: Annotated[
        bool, About(_("Give it an SSCC"), _("The next one of the site's company prefix."))
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A quantity of a lot and the container it goes into or comes out of."""

    lot: LotField
    container: ContainerField
    quantity: Annotated[Decimal | None, About(_("Quantity"), _("Empty: all that is free."))] = None
    unit: UnitField = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveContainer:
    """A container and where it goes."""

    container: ContainerField
    target: TargetField


@transaction.atomic
def new_container(*, lines: Sequence[NewContainer], by: Actor, at: datetime) -> list[Container]:
    """Register containers.

    Refuses `code_taken` (the code or the SSCC), `bad_code`, `bad_sscc`, `wrong_location_kind`, and
    where they are to be numbered `no_gs1_prefix`, `sscc_exhausted`.
    """
    stamp = audit.stamp(by, at)
    numbers = {line.sscc for line in lines if line.sscc}
    rows = Container.objects.filter(Q(code__in=[line.code for line in lines]) | Q(sscc__in=numbers))
    taken = {name for row in rows for name in (row.code, row.sscc) if name}
    unnumbered = [line.location for line in lines if line.numbered and not line.sscc]
    prefetch_related_objects(unnumbered, "site")
    each(lines, lambda line, index: _check_new(line, taken))
    allotted = iter(allot([location.site for location in unnumbered]))
    try:
        with transaction.atomic():
            made = Container.objects.bulk_create(
                Container(
                    code=line.code,
                    sscc=line.sscc or (next(allotted) if line.numbered else ""),
                    kind=line.kind,
                    location=line.location,
                )
                for line in lines
            )
    except IntegrityError:  # somebody registered the same one meanwhile
        raise _taken(lines[0].code, "code") from None
    audit.record(
        "inventory.new_container",
        stamp=stamp,
        subject=made[0],
        facts={"codes": [container.code for container in made]},
    )
    return made


def _check_new(line: NewContainer, taken: set[str]) -> None:
    """`taken` are the codes and SSCCs that there are, and comes to hold the line's own."""
    try:
        code_validator(line.code)
    except ValidationError as error:
        raise Refused(
            error.message, code="bad_code", field="code",
            hint=_("Scan the label of the new container."),
        ) from None  # fmt: skip
    if line.location.is_virtual:
        require_kind(line.location, LocationKind.STORAGE, field="location")
    if line.code in taken:
        raise _taken(line.code, "code")
    if line.sscc in taken:
        raise _taken(line.sscc, "sscc")
    if line.numbered and not line.sscc:
        require_prefix(line.location.site, field="location")
    if line.sscc and not (len(line.sscc) == 18 and is_checked(line.sscc)):
        raise Refused(
            _("%(sscc)s is not a valid SSCC."),
            code="bad_sscc",
            field="sscc",
            hint=_("It has 18 digits, the last of which checks the others."),
            sscc=line.sscc,
        )
    taken |= {line.code, line.sscc} - {""}


def _taken(name: str, field: str) -> Refused:
    return Refused(
        _("There is a container %(name)s already."),
        code="code_taken",
        field=field,
        hint=_("Scan the label of the new container."),
        name=name,
    )


@transaction.atomic
def pack(*, lines: Sequence[Pack], by: Actor, at: datetime) -> list[Movement]:
    """Put loose stock into a container that stands at the same location.

    Refuses `not_here`, `not_enough` and the quantity codes.
    """

    def entry(line: Pack, book: Book, index: int) -> Line:
        loose = [balance for balance in book.of(line.lot) if balance.container_id is None]
        taken = pick_balance(
            book, line.lot, source=line.container.location, container=None, candidates=loose
        )
        return _line(MovementKind.PACK, line, taken, index)

    return _post("inventory.pack", lines, entry, by, at)


@transaction.atomic
def unpack(*, lines: Sequence[Pack], by: Actor, at: datetime) -> list[Movement]:
    """Take stock out of a container; it stays loose where the container stands.

    Refuses `not_here`, `not_enough` and the quantity codes.
    """

    def entry(line: Pack, book: Book, index: int) -> Line:
        taken = pick_balance(book, line.lot, source=None, container=line.container)
        return _line(MovementKind.UNPACK, line, taken, index)

    return _post("inventory.unpack", lines, entry, by, at)


def _post(
    action: str,
    lines: Sequence[Pack],
    entry: Callable[[Pack, Book, int], Line],
    by: Actor,
    at: datetime,
) -> list[Movement]:
    stamp = audit.stamp(by, at)
    lines = lock_named(lines)
    prefetch_related_objects([line.container for line in lines], "location")
    book = read_book(lines)
    entries = each(lines, lambda line, index: entry(line, book, index))
    movements = ledger.post(entries, book=book, stamp=stamp)
    audit.record(action, stamp=stamp, subject=lines[0].container, facts={"lines": len(lines)})
    return movements


def _line(kind: MovementKind, line: Pack, taken: Balance, index: int) -> Line:
    packing = kind == MovementKind.PACK
    return Line(
        kind=kind,
        lot=line.lot,
        quantity=amount(line.lot, line.quantity, line.unit, otherwise=taken.free),
        source=taken.location,
        target=taken.location,
        from_container=None if packing else line.container,
        to_container=line.container if packing else None,
        index=index,
    )


@transaction.atomic
def move_container(*, lines: Sequence[MoveContainer], by: Actor, at: datetime) -> list[Movement]:
    """Move containers with all they hold, containers packed in them included.

    Only free stock moves this way: what is staged or reserved goes by the staging verbs, which
    keep the demand informed. Refuses `container_claimed`, `wrong_location_kind`,
    `location_closed`, `same_place`, `container_busy` (its contents change at this moment).
    """
    stamp = audit.stamp(by, at)
    nested = with_nested(line.container for line in lines)
    lots = lock_lots(Lot.objects.filter(balances__container__in=nested))
    locked = {row.pk: row for row in Container.objects.filter(pk__in=nested).locked()}
    preconditions.locked(locked.values())
    book = Book.read(lots.values(), containers=locked.values())
    _check_settled(locked, lots, book)
    kinds = (LocationKind.STORAGE, LocationKind.QUARANTINE, LocationKind.TRANSIT)
    packed_in = _by_parent(locked.values())

    def plan(line: MoveContainer, index: int) -> list[Line]:
        require_kind(line.target, *kinds, field="target")
        container = locked[line.container.pk]
        tree = _tree(container, packed_in)
        _check_elsewhere(container, line.target)
        entries = _contents(tree, line.target, book, index)
        if container.parent_id:
            packed_in[container.parent_id].remove(container)
            container.parent = None
        for row in tree:
            row.location = line.target
        return entries

    entries = list(chain.from_iterable(each(lines, plan)))
    # An upsert sends each column once, as one array; a bulk update, a CASE of a thousand WHENs.
    Container.objects.bulk_create(
        locked.values(),
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["location", "parent"],
    )
    movements = ledger.post(entries, book=book, stamp=stamp)
    audit.record(
        "inventory.move_container",
        stamp=stamp,
        subject=lines[0].container,
        facts={"containers": [str(line.container) for line in lines], "lines": len(entries)},
    )
    return movements


def _check_settled(locked: dict[int, Container], lots: dict[int, Lot], book: Book) -> None:
    """A lot packed in between our two locks is not locked: let the other finish first."""
    for container in locked.values():
        if any(balance.lot_id not in lots for balance in book.inside(container)):
            raise Refused(
                _("%(container)s is being packed at this moment."),
                code="container_busy",
                field="container",
                hint=_("Try again."),
                container=container,
            )


def _check_elsewhere(container: Container, target: Location) -> None:
    if container.location_id == target.pk and container.parent_id is None:
        raise Refused(
            _("%(container)s is at %(location)s already."),
            code="same_place",
            field="target",
            hint=_("Scan the location it goes to."),
            container=container,
            location=target,
        )


def _contents(tree: list[Container], target: Location, book: Book, index: int) -> list[Line]:
    entries = []
    for container in tree:
        for balance in book.inside(container):
            if balance.location_id == target.pk:
                continue  # it is only taken out of the container around it
            if balance.free != balance.quantity:
                raise Refused(
                    _("%(container)s holds stock that is reserved or staged."),
                    code="container_claimed",
                    field="container",
                    hint=_("Stage, transfer or unstage it for its demand instead."),
                    container=container,
                )
            entries.append(
                Line(
                    kind=MovementKind.MOVE,
                    lot=balance.lot,
                    quantity=balance.quantity,
                    source=balance.location,
                    target=target,
                    from_container=container,
                    to_container=container,
                    index=index,
                )
            )
    return entries


def with_nested(containers: Iterable[Container]) -> set[int]:
    """The containers and all that is packed in them, by key. A statement for each level."""
    found = {container.pk for container in containers}
    layer = found
    while layer:
        children = Container.objects.filter(parent__in=layer).values_list("pk", flat=True)
        layer = set(children) - found
        found |= layer
    return found


def _by_parent(containers: Iterable[Container]) -> dict[int, list[Container]]:
    found: dict[int, list[Container]] = defaultdict(list)
    for container in containers:
        if container.parent_id:
            found[container.parent_id].append(container)
    return found


def _tree(root: Container, packed_in: dict[int, list[Container]]) -> list[Container]:
    """The container and all that is packed in it, to any depth."""
    tree = [root]
    for container in tree:
        tree += packed_in.get(container.pk, [])
    return tree
