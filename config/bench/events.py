"""What others read of what happened: the change feed and EPCIS, at a small and at the full size."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Max, Min
from django.http import QueryDict

from config.bench.buffers import Cost, cost
from config.bench.report import Measure
from integration.epcis import asking
from integration.epcis import reading as epcis
from integration.epcis.identifiers import Names
from integration.feed import numbering, reading
from integration.models import FeedMark
from inventory.models import Lot, Movement, MovementKind, OutboxRow

SECTION = "What happened, as others read it"
PAGE = 100
NUMBERED = 1_000

PLACED = """
    INSERT INTO integration_feedposition
        (position, type, key, site, to_site, lot, demand, numbered_at)
    SELECT row_number() OVER (ORDER BY movement.id), 'movement.' || movement.kind, movement.id,
        source.site_id, target.site_id, lot_id, reference, recorded_at
    FROM inventory_movement movement
    JOIN inventory_location source ON source.id = source_id
    JOIN inventory_location target ON target.id = target_id
"""
"""As if every movement had been given its place when it was recorded."""


def costs() -> dict[str, Cost]:
    """What each read costs in the plant that is loaded."""
    _place_all()
    return {name: cost(read) for name, read in (*_feed(), *_epcis())}


def compare(small: Mapping[str, Cost], full: Mapping[str, Cost]) -> Iterator[Measure]:
    """The two sizes side by side, in pages that PostgreSQL touches."""
    for name, ours in full.items():
        before = small[name]
        yield Measure(
            section=SECTION, name=name, value=ours.buffers, unit="buffers",
            beside=before.buffers, beside_what="at a tenth of the size",
            ratio=ours.buffers / max(before.buffers, 1),
            more={"full": ours._asdict(), "small": before._asdict()},
        )  # fmt: skip


def _place_all() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE integration_feedposition, integration_feedmark")
        cursor.execute(PLACED)
        FeedMark.objects.create(pk=1, newest=cursor.rowcount)
        cursor.execute("VACUUM (ANALYZE) integration_feedposition")
    numbering.catch_up_wholly()  # alerts of the first sweep


def _feed() -> Iterator[tuple[str, Callable[[], object]]]:
    newest = reading.mark_now().newest
    everything, ships = reading.Filters(), reading.Filters(types=("forestage.movement.ship",))
    for where, after in (("start", 0), ("middle", newest // 2), ("head", newest - PAGE)):
        yield (
            f"feed: {PAGE} events at its {where}",
            lambda after=after: reading.page(after, where=everything, most=PAGE),  # type: ignore[misc]
        )
    yield (
        f"feed: {PAGE} shipments from its middle",
        lambda: reading.page(newest // 2, where=ships, most=PAGE),
    )
    last = Movement.objects.aggregate(last=Max("pk"))["last"]
    rows = [OutboxRow(topic="movement", key=last - n) for n in range(NUMBERED)]

    def number() -> None:
        OutboxRow.objects.bulk_create(rows)
        numbering.catch_up(most=NUMBERED)

    yield f"feed: giving {NUMBERED:,} events their places", number


def _epcis() -> Iterator[tuple[str, Callable[[], object]]]:
    between = Movement.objects.aggregate(first=Min("recorded_at"), last=Max("recorded_at"))
    middle = between["first"] + (between["last"] - between["first"]) / 2
    lot = Lot.objects.order_by("pk")[0]
    done = Movement.objects.filter(kind=MovementKind.ISSUE).order_by("pk")[0].reference
    asked = {
        "the oldest": {},
        "from the middle": {"GE_recordTime": middle},
        "the newest": {"orderBy": "recordTime"},
        "the newest by their own time": {"orderBy": "eventTime"},
        "from the middle by their own time": {
            "orderBy": "eventTime", "orderDirection": "ASC", "GE_eventTime": middle,
        },
        "of a lot": {"MATCH_anyEPCClass": f"{settings.EPCIS_URI}/lot/{lot.code}"},
        "of an order": {"EQ_transformationID": done},
        "of a business step, from the middle": {"EQ_bizStep": "departing", "GE_recordTime": middle},
        "of a step that never was": {"EQ_bizStep": "destroying"},
    }  # fmt: skip
    for name, query in asked.items():
        yield f"EPCIS: {name}", lambda query=query: _page(query)  # type: ignore[misc]
    yield (
        "EPCIS: 2,000 events as a document",
        lambda: _export(middle.isoformat(), (middle + timedelta(days=30)).isoformat()),
    )


def _query(asked: Mapping[str, object]) -> asking.Query:
    given = QueryDict(mutable=True)
    given.update({name: str(value) for name, value in asked.items()})
    return asking.read(given)


def _page(asked: Mapping[str, object]) -> epcis.Page:
    return epcis.page(_query({"perPage": PAGE, **asked}), Names())


def _export(begin: str, end: str) -> int:
    """As `documents.export` walks."""
    query = _query({"GE_recordTime": begin, "LT_recordTime": end, "perPage": 500})
    count = 0
    for events in epcis.walk(query, Names()):
        count += len(events)
        if count >= 2_000:
            break
    return count
