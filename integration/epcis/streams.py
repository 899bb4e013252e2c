"""Where events come from: each stream is a table of ours, read as events of one or more kinds.

A record may be an event in two streams: what was produced is commissioned and is the output of a
transformation. A reversal is the event that it undoes once more, with an error declaration.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet, Subquery

from integration.epcis import kinds as tables
from integration.epcis.kinds import Kind
from inventory.models import VIRTUAL_KINDS, Movement, MovementKind, Tracking
from quality.models import Decision, Hold

M = MovementKind
NOTHING = Q(pk__in=())

DECLARED = 3
"""By so much the number of a stream of declarations is above that of the events they are about."""


@dataclass(frozen=True, slots=True)
class Things:
    """What URIs of a query name, by key. A material stands for all its lots."""

    lots: Collection[int] = ()
    materials: Collection[int] = ()
    containers: Collection[int] = ()
    places: Collection[int] = ()


def of_lots(things: Things, tracking: Tracking, prefix: str = "") -> Q:
    """Records of these lots, or of lots of these materials, if they are tracked so."""
    named = Q(**{f"{prefix}lot__in": things.lots})
    if things.materials:
        named |= Q(**{f"{prefix}lot__material__in": things.materials})
    return named & Q(**{f"{prefix}lot__material__tracking": tracking})


@dataclass(frozen=True)
class Stream:
    """Records of one kind as events. Each question gives the records of which it is true."""

    number: int
    model: type[Model]
    kinds: tuple[Kind, ...]
    recorded: str = "recorded_at"
    occurred: str = "occurred_at"

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def named(self, name: str) -> Kind:
        """The kind of that name."""
        return next(kind for kind in self.kinds if kind.name == name)

    def time(self, name: str) -> str:
        """The column of `eventTime` or `recordTime`."""
        return self.occurred if name == "eventTime" else self.recorded

    def read_at(self, places: Collection[int]) -> Q:
        return NOTHING

    def standing_at(self, places: Collection[int]) -> Q:
        return NOTHING

    def of_classes(self, things: Things) -> Q:
        """Whose lots are listed with a quantity."""
        return NOTHING

    def of_instances(self, things: Things) -> Q:
        """Which list serial numbers or containers."""
        return NOTHING

    def of_parents(self, things: Things) -> Q:
        return NOTHING

    def of_tasks(self, tasks: QuerySet[Any]) -> Q:
        """Which served one of these lines of demands."""
        return NOTHING

    def of_orders(self, references: Collection[str]) -> Q:
        """Which name a purchase order or delivery note."""
        return NOTHING

    def of_batches(self, batches: Collection[UUID]) -> Q:
        return Q(batch__in=batches)

    def of_ids(self, ids: Collection[tuple[int, int]]) -> Q:
        """Whose events have IDs of these streams and numbers."""
        return Q(pk__in=[pk for stream, pk in ids if stream == self.number])

    def declared(self, condition: Callable[[], Q]) -> Q:
        """A condition that only declarations can meet."""
        return NOTHING

    def narrowed(self, rows: QuerySet[Any], chosen: Collection[str]) -> QuerySet[Any]:
        """The rows of these kinds only."""
        if len(chosen) == len(self.kinds):
            return rows
        # Their conditions as well, for which there may be an index.
        may = reduce(or_, (kind.when for kind in self.kinds if kind.name in chosen))
        return rows.filter(may, epcis_kind__in=chosen)

    @property
    def declares(self) -> bool:
        """Whether its events declare earlier ones wrong."""
        return False


RELATED = (
    "lot__material", "source__site", "target__site", "from_container", "to_container",
)  # fmt: skip


@dataclass(frozen=True)
class Movements(Stream):
    """Lines of the ledger. `prefix` leads to the line that the event is about."""

    prefix: str = ""
    only: Q = field(default_factory=Q)

    def rows(self) -> QuerySet[Any]:
        return Movement.objects.filter(self.only).select_related(
            *(f"{self.prefix}{name}" for name in RELATED)
        )

    def _q(self, **conditions: Any) -> Q:
        return Q(**{f"{self.prefix}{name}": value for name, value in conditions.items()})

    def read_at(self, places: Collection[int]) -> Q:
        from_outside = self._q(source__kind__in=VIRTUAL_KINDS, target__in=places)
        return self._q(source__in=places) | from_outside

    def standing_at(self, places: Collection[int]) -> Q:
        return self._q(target__in=places) & ~self._q(kind=M.LOAD)

    def of_classes(self, things: Things) -> Q:
        return of_lots(things, Tracking.LOT, self.prefix) & ~self._hidden()

    def of_instances(self, things: Things) -> Q:
        along = self._q(from_container__in=things.containers) & Q(
            **{f"{self.prefix}to_container": F(f"{self.prefix}from_container")}
        )
        return of_lots(things, Tracking.SERIAL, self.prefix) & ~self._hidden() | along

    def _hidden(self) -> Q:
        """What is loaded in a container is not listed itself."""
        return self._q(kind__in=(M.LOAD, M.UNLOAD), from_container__isnull=False)

    def of_parents(self, things: Things) -> Q:
        packed = self._q(kind=M.PACK, to_container__in=things.containers)
        unpacked = self._q(kind=M.UNPACK, from_container__in=things.containers)
        loaded = self._q(kind=M.LOAD, target__in=things.places)
        return packed | unpacked | loaded | self._q(kind=M.UNLOAD, source__in=things.places)

    def of_tasks(self, tasks: QuerySet[Any]) -> Q:
        return self._q(task__in=tasks)

    def of_orders(self, references: Collection[str]) -> Q:
        return self._q(kind=M.RECEIVE, reference__in=references)


@dataclass(frozen=True)
class Outputs(Movements):
    """What was produced, as the output of its transformation. It does not say where."""

    def read_at(self, places: Collection[int]) -> Q:
        return NOTHING

    def of_instances(self, things: Things) -> Q:
        return of_lots(things, Tracking.SERIAL, self.prefix)


@dataclass(frozen=True)
class Contained(Movements):
    """What was received in a container, as the container's contents."""

    def of_parents(self, things: Things) -> Q:
        return self._q(to_container__in=things.containers)

    def of_instances(self, things: Things) -> Q:
        return of_lots(things, Tracking.SERIAL, self.prefix)


class Declared:
    """Mixed into a stream of movements: reversals, each as the event that it undoes."""

    def rows(self) -> QuerySet[Any]:
        rows: Any = super().rows()  # type: ignore[misc]
        found: QuerySet[Any] = rows.filter(kind=M.REVERSE).annotate(
            corrected_by=Subquery(corrections()[:1])
        )
        return found

    def of_ids(self, ids: Collection[tuple[int, int]]) -> Q:
        number = self.number - DECLARED  # type: ignore[attr-defined]
        return Q(reverses__in=[pk for stream, pk in ids if stream == number])

    def of_batches(self, batches: Collection[UUID]) -> Q:
        return Q(reverses__batch__in=batches)

    def declared(self, condition: Callable[[], Q]) -> Q:
        return condition()

    @property
    def declares(self) -> bool:
        return True


def corrections() -> QuerySet[Any, Any]:
    """What was entered instead of a reversed movement: the next one of the same kind, lot, places
    and demand that is said to have happened at the same time, and stands."""
    same = ("kind", "lot", "source", "target", "occurred_at")
    later = Movement.objects.filter(
        **{name: OuterRef(f"reverses__{name}") for name in same}, pk__gt=OuterRef("pk")
    )
    standing = ~Exists(Movement.objects.filter(reverses=OuterRef("pk")))
    found: QuerySet[Any, Any] = later.filter(standing).order_by("pk").values("pk")
    return found


@dataclass(frozen=True)
class DeclaredMovements(Declared, Movements):
    pass


@dataclass(frozen=True)
class DeclaredOutputs(Declared, Outputs):
    pass


@dataclass(frozen=True)
class DeclaredContained(Declared, Contained):
    pass


@dataclass(frozen=True)
class Decisions(Stream):
    """Signed changes of a lot's status."""

    def rows(self) -> QuerySet[Any]:
        return Decision.objects.select_related("lot__material")

    def of_classes(self, things: Things) -> Q:
        return of_lots(things, Tracking.LOT)

    def of_instances(self, things: Things) -> Q:
        return of_lots(things, Tracking.SERIAL)


@dataclass(frozen=True)
class Holds(Stream):
    """Holds, when they were placed or when they were lifted."""

    lifted: bool = False

    def rows(self) -> QuerySet[Any]:
        rows = Hold.objects.select_related(
            "lot__material", "container", "location__site", "material"
        )
        return rows.filter(lifted_at__isnull=False) if self.lifted else rows

    def read_at(self, places: Collection[int]) -> Q:
        return Q(location__in=places)

    standing_at = read_at

    def of_classes(self, things: Things) -> Q:
        return of_lots(things, Tracking.LOT) | Q(material__in=things.materials)

    def of_instances(self, things: Things) -> Q:
        return of_lots(things, Tracking.SERIAL) | Q(container__in=things.containers)


_BEFORE = "reverses__"
_RECEIVED_IN = Q(kind=M.RECEIVE, to_container__isnull=False)
_UNDONE = ~Q(reverses__kind=M.SHIP)

STREAMS: tuple[Stream, ...] = (
    Movements(1, Movement, tables.movement_kinds(),
              only=~Q(kind=M.REVERSE) | Q(reverses__kind=M.SHIP)),
    Outputs(2, Movement, tables.output_kinds(), only=Q(kind=M.PRODUCE)),
    Contained(3, Movement, tables.contained_kinds(), only=_RECEIVED_IN),
    DeclaredMovements(4, Movement, tables.movement_kinds(_BEFORE), occurred="reverses__occurred_at",
                      prefix=_BEFORE, only=_UNDONE),
    DeclaredOutputs(5, Movement, tables.output_kinds(_BEFORE), occurred="reverses__occurred_at",
                    prefix=_BEFORE, only=Q(reverses__kind=M.PRODUCE)),
    DeclaredContained(6, Movement, tables.contained_kinds(_BEFORE),
                      occurred="reverses__occurred_at", prefix=_BEFORE,
                      only=Q(reverses__kind=M.RECEIVE, reverses__to_container__isnull=False)),
    Decisions(7, Decision, tables.DECISION_KINDS),
    Holds(8, Hold, tables.PLACED_KINDS),
    Holds(9, Hold, tables.LIFTED_KINDS, recorded="lifted_at", occurred="lifted_at", lifted=True),
)  # fmt: skip
"""Their numbers are part of event IDs: never change one, never use one again."""

BY_NUMBER = {stream.number: stream for stream in STREAMS}
OF_MOVEMENTS = frozenset(stream.number for stream in STREAMS if stream.model is Movement)
