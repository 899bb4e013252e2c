"""What a query asks for: the standard's parameters, as conditions on each stream.

Values of one parameter are separated by `|`. A parameter that nobody reads is refused, lest a
misspelt one be answered with everything.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _

from integration.epcis.bounds import Anchor, Time
from integration.epcis.identifiers import code_of, is_material, reference_of
from integration.epcis.ids import record_of
from integration.epcis.kinds import ADD, DELETE, OBSERVE, TRANSFORMATION, TYPES, Kind
from integration.epcis.problems import Unanswerable
from integration.epcis.streams import NOTHING, OF_MOVEMENTS, STREAMS, Movements, Stream, Things
from integration.models import CapturedEvent
from inventory import codes
from inventory.audit import CLOCK_TOLERANCE
from inventory.models import Container, Location, Lot, Material, Movement, MovementKind
from inventory.models.ledger import RARE_KINDS
from inventory.sites import Limit
from quality.models import Hold
from staging.models import DemandKind, Requirement

MOST = 500
MOST_VALUES = 100
PER_PAGE = 50
INPUTS = ("issue_to_production", "consume", "convert_from")
OUTPUTS = ("output", "convert_to")
_SOONER = CLOCK_TOLERANCE + timedelta(seconds=1)

Values = list[str]
Condition = Callable[[Stream], Q]
EVERYTHING = frozenset(stream.model for stream in STREAMS)


def _narrowest(given: Iterable[Time]) -> Iterator[Time]:
    times = list(given)
    for lookup, narrowest in (("gte", max), ("lt", min)):
        found = [time for time in times if time.lookup == lookup]
        if found:
            yield narrowest(found, key=lambda time: time.at)


@dataclass
class Query:
    """Events to be found, and how they are given out."""

    column: str = "recordTime"
    down: bool = False
    size: int = PER_PAGE
    most: int | None = None
    token: str = ""
    kinds: list[Callable[[Kind], bool]] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    times: list[Time] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    records: frozenset[type[models.Model]] = EVERYTHING
    declared_only: bool = False
    limit: Limit | None = None
    """Of which sites; None: of all. Events are of the sites that their records are of."""

    def only(self, *meant: type[models.Model]) -> None:
        """Records of these kinds alone can be meant."""
        self.records &= set(meant)

    def chosen(self, stream: Stream) -> list[str]:
        """The kinds of the stream's events that can be meant."""
        if stream.model not in self.records or (self.declared_only and not stream.declares):
            return []
        return [kind.name for kind in stream.kinds if all(may(kind) for may in self.kinds)]

    def condition(self, stream: Stream) -> Q:
        found = Q()
        for one in self.conditions:
            found &= one(stream)
        for time in self.times:
            if time.column == self.column or not time.implied:
                found &= Q(time.of(stream))
        return found

    def key(self, stream: Stream) -> str:
        """The column that the stream is ordered by."""
        return stream.time(self.column)

    def following(self, token: str, given: int) -> "Query":
        """The next page, after that many events."""
        most = None if self.most is None else self.most - given
        size = self.size if most is None else min(self.size, most)
        return replace(self, token=token, most=most, size=size)

    def least(self) -> datetime | None:
        """Nothing before is asked for, by the time that it is ordered by."""
        return max(self._times("gte"), default=None)

    def below(self) -> datetime | None:
        return min(self._times("lt"), default=None)

    def _times(self, lookup: str) -> Iterator[datetime]:
        return (
            time.at for time in self.times if (time.column, time.lookup) == (self.column, lookup)
        )

    def all_anchors(self) -> Iterator[Anchor]:
        """All that may lead to few movements: what is asked for, rare kinds, and times by which it
        is not ordered."""
        yield from self.anchors
        if self.declared_only:
            yield Anchor((Q(kind=MovementKind.REVERSE),), about=False)
        if kinds := self._rare_kinds():
            yield Anchor((Q(kind__in=kinds),))
        asked = (time for time in self.times if not time.implied)
        others = tuple(_narrowest(time for time in asked if time.column != self.column))
        if others:
            recorded = others[0].column == "recordTime"
            between = Q(*(time.of(STREAMS[0]) for time in others))
            yield Anchor((between,), about=not recorded, times=others)

    def _rare_kinds(self) -> list[str]:
        """The kinds of movements that can be meant, if all of them are rare."""
        kinds = {
            kind
            for stream in STREAMS
            if isinstance(stream, Movements)
            for meant in self.chosen(stream)
            for kind in stream.named(meant).movements(stream.prefix)
        }
        return sorted(kinds) if kinds and kinds <= set(RARE_KINDS) else []


def read(asked: QueryDict, limit: Limit | None = None) -> Query:
    """The query. Raises `Unanswerable`: `unknown_parameter`, `repeated_parameter`, `bad_value`,
    `out_of_range`, `too_many_values`, `needs_order`."""
    query = Query(limit=limit)
    for name in asked:
        reader = _reader(name)
        if reader is None:
            text = _("There is no such parameter here. Known are: %(known)s.")
            raise Unanswerable(name, "unknown_parameter", text % {"known": ", ".join(KNOWN)})
        if len(asked.getlist(name)) > 1:
            text = _("Give it once, with | between several values.")
            raise Unanswerable(name, "repeated_parameter", text)
        reader(query, name, _values(name, str(asked[name])))
    if "orderBy" in asked and "orderDirection" not in asked:
        query.down = True  # as the standard has it
    if query.most is not None:
        if "orderBy" not in asked:
            text = _("The first events are meant of an order: say orderBy as well.")
            raise Unanswerable("eventCountLimit", "needs_order", text)
        query.size = min(query.size, query.most)
    return query


def _values(name: str, text: str) -> Values:
    values = [value.strip() for value in text.split("|") if value.strip()]
    if not values or "\x00" in text:
        raise Unanswerable(name, "bad_value", _("Say which."))
    if len(values) > MOST_VALUES:
        text = _("Name %(most)s at most.") % {"most": MOST_VALUES}
        raise Unanswerable(name, "too_many_values", text)
    return values


def _reader(name: str) -> Callable[[Query, str, Values], None] | None:
    return READERS.get(name)


# --- what kind of event -------------------------------------------------------------------------


def word(text: str) -> str:
    """The bare word of the vocabulary: `receiving`, however it is written."""
    for start in ("https://ref.gs1.org/cbv/", "https://ns.gs1.org/cbv/", "cbv:"):
        if text.startswith(start):
            return text.rsplit("-", 1)[-1]
    return text.rsplit(":", 1)[-1] if text.startswith("urn:epcglobal:cbv:") else text


def _of_kind(
    read: Callable[[Kind], Iterable[str]], allowed: Sequence[str] = ()
) -> Callable[[Query, str, Values], None]:
    def reader(query: Query, name: str, values: Values) -> None:
        wanted = {word(value) for value in values}
        if allowed and not wanted <= set(allowed):
            text = _("Choose of: %(allowed)s.") % {"allowed": ", ".join(allowed)}
            raise Unanswerable(name, "bad_value", text)
        query.kinds.append(lambda kind: not wanted.isdisjoint(read(kind)))

    return reader


# --- when ---------------------------------------------------------------------------------------


def _moment(name: str, values: Values) -> datetime:
    try:
        at = parse_datetime(values[0].replace(" ", "+")) if len(values) == 1 else None
    except ValueError:
        at = None
    if at is None or not is_aware(at):
        text = _("Write a date and time with its offset, such as 2026-06-30T00:15:47.000-05:00.")
        raise Unanswerable(name, "bad_value", text)
    return at


def _time(column: str, lookup: str) -> Callable[[Query, str, Values], None]:
    """Nothing is recorded before it happens, but for what clocks may differ by: a bound of one time
    is one of the other, too, whichever the index is on that is read."""

    def reader(query: Query, name: str, values: Values) -> None:
        at = _moment(name, values)
        query.times.append(Time(column, lookup, at))
        if column == "eventTime" and lookup == "gte":
            query.times.append(Time("recordTime", lookup, at - _SOONER, implied=True))
        if column == "recordTime" and lookup == "lt":
            query.times.append(Time("eventTime", lookup, at + _SOONER, implied=True))

    return reader


def _declaration_time(lookup: str) -> Callable[[Query, str, Values], None]:
    def reader(query: Query, name: str, values: Values) -> None:
        at = _moment(name, values)
        query.declared_only = True
        query.conditions.append(
            lambda stream: stream.declared(lambda: Q(**{f"occurred_at__{lookup}": at}))
        )

    return reader


# --- where and what -----------------------------------------------------------------------------


def _found(kind: type[models.Model], uris: Values) -> list[Any]:
    """The things of a kind that URIs name; what names none, or several, names none."""
    hits = codes.find(kind, filter(None, map(code_of, uris)))
    return [hit for hit in hits.values() if hit is not codes.MANY]


def _keys(kind: type[models.Model], uris: Values) -> list[int]:
    return [thing.pk for thing in _found(kind, uris)]


def _places(uris: Values, *, within: bool) -> list[int]:
    found = _found(Location, uris)
    if not (within and found):
        return [place.pk for place in found]
    inside = Q()
    for place in found:
        inside |= Q(path__startswith=place.path)
    return list(Location.objects.filter(inside).order_by().values_list("pk", flat=True))


def _at(question: str, *, within: bool = False) -> Callable[[Query, str, Values], None]:
    def reader(query: Query, name: str, values: Values) -> None:
        places = _places(values, within=within)
        query.only(Movement, Hold)
        query.conditions.append(lambda stream: getattr(stream, question)(places))
        ends = ("source", "target") if question == "read_at" else ("target",)
        query.anchors.append(Anchor(_parts({f"{end}__in": places for end in ends})))

    return reader


def _things(uris: Values) -> Things:
    """Everything that the URIs may name. A GTIN stands for all lots of its material."""
    lots = _found(Lot, uris)
    materials = _found(Material, [uri for uri in uris if is_material(uri)])
    return Things(
        [lot.pk for lot in lots],
        [material.pk for material in materials],
        _keys(Container, uris),
        _keys(Location, uris),
    )


def _matching(
    *questions: str, kinds: Callable[[Kind], bool] = lambda kind: True
) -> Callable[[Query, str, Values], None]:
    def reader(query: Query, name: str, values: Values) -> None:
        things = _things(values)

        def condition(stream: Stream) -> Q:
            found = NOTHING
            for question in questions:
                found |= getattr(stream, question)(things)
            return found

        query.kinds.append(kinds)
        query.conditions.append(condition)
        vehicles = things.places if "of_parents" in questions else ()
        parts = {
            "lot__in": things.lots,
            "lot__material__in": things.materials,
            "from_container__in": things.containers,
            "to_container__in": things.containers,
            "source__in": vehicles,
            "target__in": vehicles,
        }
        query.anchors.append(Anchor(_parts(parts), lots=True))

    return reader


def _parts(named: Mapping[str, Collection[Any]]) -> tuple[Q, ...]:
    """Each by itself, because each has its index."""
    return tuple(Q(**{name: values}) for name, values in named.items() if values)


def _not_transformed(kind: Kind) -> bool:
    return kind.type != TRANSFORMATION


def _in(names: Sequence[str]) -> Callable[[Kind], bool]:
    return lambda kind: kind.name in names


# --- which business -----------------------------------------------------------------------------


def _tasks(*kinds: DemandKind) -> Callable[[Query, str, Values], None]:
    def reader(query: Query, name: str, values: Values) -> None:
        references = [reference_of(value) for value in values]
        lines = Requirement.objects.filter(
            demand__reference__in=references, demand__kind__in=kinds
        ).values("pk")
        query.only(Movement)
        query.conditions.append(lambda stream: stream.of_tasks(lines))
        query.anchors.append(Anchor((Q(reference__in=references),)))

    return reader


def _orders(query: Query, name: str, values: Values) -> None:
    references = [reference_of(value) for value in values]
    query.only(Movement)
    query.conditions.append(lambda stream: stream.of_orders(references))
    query.anchors.append(Anchor((Q(reference__in=references),)))


def _transformations(query: Query, name: str, values: Values) -> None:
    query.kinds.append(lambda kind: kind.type == TRANSFORMATION)
    _tasks(*DemandKind)(query, name, values)


# --- which event --------------------------------------------------------------------------------


def _ids(query: Query, name: str, values: Values) -> None:
    """Ours; or a partner's, which stands for what it led to here."""
    records = {value: record_of(value) for value in values}
    ours = [record for record in records.values() if record]
    theirs = [value for value, record in records.items() if record is None]
    captured = CapturedEvent.objects.filter(event_id__in=theirs, batch__isnull=False)
    rows = captured.order_by().values_list("batch", flat=True) if theirs else ()
    batches = [batch for batch in rows if batch]

    def condition(stream: Stream) -> Q:
        found = stream.of_ids(ours)
        return found | stream.of_batches(batches) if batches else found

    query.conditions.append(condition)
    moved = [pk for number, pk in ours if number in OF_MOVEMENTS]
    parts = _parts({"pk__in": moved, "batch__in": batches})
    query.anchors.append(Anchor(parts, lots=True))


def _declared(query: Query, name: str, values: Values) -> None:
    if values not in (["true"], ["false"]):
        raise Unanswerable(name, "bad_value", _("Write true or false."))
    query.declared_only |= values == ["true"]


def _reason(query: Query, name: str, values: Values) -> None:
    wanted = {word(value) for value in values}
    query.declared_only = True

    def why() -> Q:
        did_not_occur = Q(corrected_by=None)
        found = NOTHING
        if "did_not_occur" in wanted:
            found |= did_not_occur
        return found | ~did_not_occur if "incorrect_data" in wanted else found

    query.conditions.append(lambda stream: stream.declared(why))


# --- how ----------------------------------------------------------------------------------------


def _order(query: Query, name: str, values: Values) -> None:
    if values[0] not in ("eventTime", "recordTime") or len(values) > 1:
        raise Unanswerable(name, "bad_value", _("Order by eventTime or recordTime."))
    query.column = values[0]


def _direction(query: Query, name: str, values: Values) -> None:
    if values not in (["ASC"], ["DESC"]):
        raise Unanswerable(name, "bad_value", _("Write ASC or DESC."))
    query.down = values == ["DESC"]


def _number(name: str, values: Values) -> int:
    text = values[0]
    if len(values) > 1 or not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise Unanswerable(name, "bad_value", _("Write a whole number."))
    if not 1 <= int(text) <= MOST:
        asked = _("Ask for 1 to %(most)s events.") % {"most": MOST}
        raise Unanswerable(name, "out_of_range", asked)
    return int(text)


def _per_page(query: Query, name: str, values: Values) -> None:
    query.size = _number(name, values)


def _limit(query: Query, name: str, values: Values) -> None:
    query.most = _number(name, values)


def _token(query: Query, name: str, values: Values) -> None:
    query.token = values[0]


READERS: Mapping[str, Callable[[Query, str, Values], None]] = {
    "eventType": _of_kind(
        lambda kind: [kind.type], (*TYPES, "TransactionEvent", "AssociationEvent")
    ),
    "GE_eventTime": _time("eventTime", "gte"),
    "LT_eventTime": _time("eventTime", "lt"),
    "GE_recordTime": _time("recordTime", "gte"),
    "LT_recordTime": _time("recordTime", "lt"),
    "EQ_action": _of_kind(lambda kind: [kind.action], (ADD, OBSERVE, DELETE)),
    "EQ_bizStep": _of_kind(lambda kind: [kind.step]),
    "EQ_disposition": _of_kind(lambda kind: [kind.disposition]),
    "EQ_persistentDisposition_set": _of_kind(lambda kind: kind.sets),
    "EQ_persistentDisposition_unset": _of_kind(lambda kind: kind.unsets),
    "EQ_readPoint": _at("read_at"),
    "WD_readPoint": _at("read_at", within=True),
    "EQ_bizLocation": _at("standing_at"),
    "WD_bizLocation": _at("standing_at", within=True),
    "EQ_transformationID": _transformations,
    "MATCH_epc": _matching("of_instances", kinds=_not_transformed),
    "MATCH_parentID": _matching("of_parents"),
    "MATCH_inputEPC": _matching("of_instances", kinds=_in(INPUTS)),
    "MATCH_outputEPC": _matching("of_instances", kinds=_in(OUTPUTS)),
    "MATCH_anyEPC": _matching("of_instances", "of_parents"),
    "MATCH_epcClass": _matching("of_classes", kinds=_not_transformed),
    "MATCH_inputEPCClass": _matching("of_classes", kinds=_in(INPUTS)),
    "MATCH_outputEPCClass": _matching("of_classes", kinds=_in(OUTPUTS)),
    "MATCH_anyEPCClass": _matching("of_classes"),
    "EQ_bizTransaction_po": _orders,
    "EQ_bizTransaction_prodorder": _tasks(DemandKind.PRODUCTION, DemandKind.OPERATION),
    "EQ_bizTransaction_desadv": _tasks(DemandKind.SHIPMENT),
    "EQ_eventID": _ids,
    "EXISTS_errorDeclaration": _declared,
    "EQ_errorReason": _reason,
    "GE_errorDeclarationTime": _declaration_time("gte"),
    "LT_errorDeclarationTime": _declaration_time("lt"),
    "orderBy": _order,
    "orderDirection": _direction,
    "eventCountLimit": _limit,
    "perPage": _per_page,
    "nextPageToken": _token,
}
KNOWN = tuple(READERS)


def of_event(event_id: str, limit: Limit | None = None) -> Query:
    """The one event with this ID, and the declarations that are about it."""
    query = Query(size=MOST, limit=limit)
    _ids(query, "EQ_eventID", [event_id])
    return query
