"""Trace lots forward and back, to any depth: one recursive statement, bounded and cycle-proof."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from inventory.models import Lot, Movement

Direction = Literal["forward", "back"]

DEEPEST = 50
MOST = 5_000
"""Bounds of one trace: levels, and links."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a trace: `near` is the lot closer to where the trace began."""

    depth: int
    near: Lot
    far: Lot
    kind: str
    quantity: Decimal | None


@dataclass(frozen=True, slots=True)
class Trace:
    """The links found, nearest first, and whether a bound cut the trace short."""

    links: list[Link]
    complete: bool

    @property
    def lots(self) -> list[Lot]:
        """Every lot of the trace once, nearest first."""
        return list({link.far.pk: link.far for link in self.links}.values())


def trace(lot: Lot, direction: Direction, *, depth: int = DEEPEST) -> Trace:
    """What the lot was made from (`back`) or went into (`forward`).

    Each link is found once, at its shortest distance. Links of a production that was reversed
    do not count.
    """
    return trace_all(Lot.objects.filter(pk=lot.pk), direction, depth=depth)


def trace_all(lots: QuerySet[Lot], direction: Direction, *, depth: int = DEEPEST) -> Trace:
    """The same for many lots at once."""
    rows = _links(lots, direction, min(depth, DEEPEST))
    complete = len(rows) <= MOST and all(row[0] < DEEPEST for row in rows)
    found = Lot.objects.select_related("material").in_bulk(
        {pk for row in rows for pk in (row[1], row[2])}
    )
    links = [
        Link(level, found[near], found[far], kind, quantity)
        for level, near, far, kind, quantity in rows[:MOST]
    ]
    return Trace(links, complete)


def _links(
    lots: QuerySet[Lot], direction: Direction, depth: int
) -> list[tuple[int, int, int, str, Decimal | None]]:
    near, far = ("parent_id", "child_id") if direction == "forward" else ("child_id", "parent_id")
    try:
        roots, given = lots.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django sees that there are none
        return []
    # UNION (not UNION ALL) over (lot, depth) stops at the depth bound even where links form a
    # ring.
    sql = f"""
        WITH RECURSIVE reached(lot_id, depth) AS (
            SELECT root.*, 0 FROM ({roots}) root
            UNION
            SELECT link.{far}, reached.depth + 1
            FROM reached JOIN inventory_lotlink link ON link.{near} = reached.lot_id
            WHERE reached.depth < %s AND {_STANDS}
        ),
        nearest AS (SELECT lot_id, MIN(depth) AS depth FROM reached GROUP BY lot_id)
        SELECT nearest.depth + 1, link.{near}, link.{far}, MIN(link.kind), SUM(link.quantity)
        FROM nearest JOIN inventory_lotlink link ON link.{near} = nearest.lot_id
        WHERE nearest.depth < %s AND {_STANDS}
        GROUP BY nearest.depth, link.{near}, link.{far}
        ORDER BY nearest.depth, link.{near}, link.{far}
        LIMIT {MOST + 1}
    """  # noqa: S608 - our own column names, and what Django has compiled
    with connection.cursor() as cursor:
        cursor.execute(sql, [*given, depth, depth])
        return [
            (level, first, second, kind, None if quantity is None else Decimal(str(quantity)))
            for level, first, second, kind, quantity in cursor.fetchall()
        ]


_MOVEMENT = Movement._meta.db_table


def _not_undone(alias: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM {_MOVEMENT} u WHERE u.reverses_id = {alias}.id)"  # noqa: S608


_STANDS = f"""(
    link.kind <> 'consume' AND NOT EXISTS (
        SELECT 1 FROM {_MOVEMENT} made JOIN {_MOVEMENT} undone ON undone.reverses_id = made.id
        WHERE made.batch = link.batch AND made.lot_id IN (link.parent_id, link.child_id)
    )
    OR link.kind = 'consume' AND EXISTS (
        SELECT 1 FROM {_MOVEMENT} used JOIN {_MOVEMENT} made ON made.reference = used.reference
        WHERE used.lot_id = link.parent_id AND used.kind = 'consume' AND {_not_undone("used")}
        AND made.lot_id = link.child_id AND made.kind = 'produce' AND {_not_undone("made")}
    )
)"""  # noqa: S608 - names of our own tables
"""A split or merge counts unless it was reversed; consumption, as long as some of what the demand
consumed of the parent, and its making of the child, were not."""
