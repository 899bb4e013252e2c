"""Where a material or a lot came from and went to in a period: its flow through the plant."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import Location, LocationKind, Lot, Material, Movement, MovementKind
from inventory.sites import kept_to
from staging.charts import sankey
from staging.charts.drawing import to_svg
from staging.charts.words import count
from staging.numbers.asked import PERIOD, Asked
from staging.numbers.tables import Column, Figure, Found, Kind, Picture, Row, Table, exact

MOST_ROWS = 300
MOST_OF_A_RANK = 10
"""Places of one kind that are drawn by themselves; those through which least flowed are drawn as
one. The table has them all."""

RANKS = {
    LocationKind.SUPPLIER: 0, LocationKind.PRODUCTION: 0, LocationKind.VARIANCE: 0,
    LocationKind.QUARANTINE: 1, LocationKind.STORAGE: 2, LocationKind.STAGING: 3,
    LocationKind.WORK_CENTER: 4, LocationKind.TRANSIT: 4,
}  # fmt: skip
"""In which order things pass the kinds of place."""

ENDS = 9
"""The rank of where things end: with a customer, used up, scrapped, or back where they were."""

NAMED = (LocationKind.SUPPLIER, LocationKind.CUSTOMER)
OUTSIDE = (*NAMED, LocationKind.PRODUCTION, LocationKind.SCRAP, LocationKind.VARIANCE)
"""Virtual places: coming from there and going there are two different things."""

GROUPED = (LocationKind.STORAGE, LocationKind.QUARANTINE)
"""Of these there are many, and a picture shows them by site."""

TABLES = (
    Table(
        "flows", gettext_lazy("From where to where"),
        gettext_lazy(
            "Quantities in the base unit. What was moved less what was reversed in the period is "
            "what flowed; ways there and back between two places are set off in the picture."
        ),
        (
            Column("source", gettext_lazy("From"), Kind.CODE),
            Column("source_name", gettext_lazy("Name"), Kind.TEXT),
            Column("target", gettext_lazy("To"), Kind.TEXT),
            Column("target_name", gettext_lazy("Name"), Kind.TEXT),
            Column("moved", gettext_lazy("Moved"), Kind.QUANTITY),
            Column("reversed", gettext_lazy("Reversed"), Kind.QUANTITY),
            Column("flowed", gettext_lazy("Flowed"), Kind.QUANTITY),
            Column("unit", gettext_lazy("Unit"), Kind.TEXT),
            Column("lines", gettext_lazy("Lines")),
        ),
    ),
)  # fmt: skip


def counted(asked: Asked) -> Found:
    """Two statements: what moved between which places, and their names."""
    goods = asked.lot or asked.material
    if goods is None:
        return Found(tables={"flows": []})
    sums = _sums(asked)
    places = Location.objects.select_related("site").in_bulk({pk for pair in sums for pk in pair})
    unit = _unit(goods)
    rows: list[Row] = [
        {
            "source": places[source].code, "source_name": places[source].name,
            "target": places[target].code, "target_name": places[target].name,
            "moved": moved, "reversed": back, "flowed": exact(moved - back), "unit": unit,
            "lines": lines, "places": (places[source], places[target]),
            "url": _url(places[source]),
        }
        for (source, target), (moved, back, lines) in sums.items()
    ]  # fmt: skip
    rows.sort(key=lambda row: (-row["flowed"], row["source"], row["target"]))
    return Found(tables={"flows": rows})


def _unit(goods: Lot | Material) -> str:
    material = goods.material if isinstance(goods, Lot) else goods
    return str(material.base_unit_id)


def _url(place: Location) -> str:
    return "" if place.is_virtual else reverse("staging:location", args=[place.code])


def _sums(asked: Asked) -> dict[tuple[int, int], tuple[Decimal, Decimal, int]]:
    """Moved, reversed and lines by where from and where to. A reversal counts for the way that it
    takes back; what is packed where it stands goes nowhere."""
    rows = asked.happened(
        kept_to(Movement.objects.filter(asked.goods()), asked.limit),
        since=asked.period.start,
        until=asked.stop,
    ).order_by()
    sums: dict[tuple[int, int], tuple[Decimal, Decimal, int]] = {}
    for reversal in (False, True):
        ways = ("target", "source") if reversal else ("source", "target")
        some = rows.filter(kind=MovementKind.REVERSE) if reversal else _forward(rows)
        for source, target, total, lines in some.values_list(*ways).annotate(
            total=Sum("quantity"), lines=Count("pk")
        ):
            if source == target:
                continue
            moved, back, before = sums.get((source, target), (Decimal(0), Decimal(0), 0))
            part = exact(total)
            sums[source, target] = (
                (moved, back + part, before + lines)
                if reversal
                else (moved + part, back, before + lines)
            )
    return sums


def _forward(rows: Any) -> Any:
    return rows.exclude(kind=MovementKind.REVERSE)


# --- drawn --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Node:
    """A place of the picture: a location, or all of a kind at a site."""

    key: tuple[str, ...]
    name: str
    rank: int
    kind: str
    url: str = ""


Flows = dict[tuple[Node, Node], Decimal]


def drawn(asked: Asked, found: Found) -> dict[str, list[Picture]]:
    """What flowed, as bands between places."""
    rows = found.tables["flows"]
    flows = _onward(_folded(_netted(rows)))
    if not flows:
        return {"flows": []}
    unit = rows[0]["unit"]
    columns = _columns(flows)
    places = [
        sankey.Place(node, node.name, column, node.kind, node.url)
        for node, column in sorted(columns.items(), key=lambda item: (item[1], _order(item[0])))
    ]
    through = _through(flows)
    drawing = sankey.sankey(
        _("Flow of %(goods)s") % {"goods": asked.lot or asked.material},
        places,
        [
            sankey.Flow(source, target, amount,
                        f"{source.name} → {target.name}: {count(amount)} {unit}")
            for (source, target), amount in flows.items()
        ],
        unit=unit,
        words={node: count(amount) for node, amount in through.items()},
        summary=_("The table below has every way with its quantity."),
    )  # fmt: skip
    return {"flows": [to_svg(drawing)]}


def _order(node: Node) -> tuple[Any, ...]:
    return (node.rank, node.name)


def _node(place: Location, *, goes: bool) -> Node:
    """Where a place is in the picture; `goes`: seen from what arrives there."""
    kind = LocationKind(place.kind)
    site = place.site.code
    if kind in GROUPED:
        return Node((kind, site), f"{kind.label} {site}", RANKS[kind], kind)
    if kind in OUTSIDE:
        side = "to" if goes else "from"
        known = place.name if kind in NAMED else _VIRTUAL[kind, side] % {"site": site}
        return Node((kind, place.code, side), known, ENDS if goes else 0, kind)
    return Node((kind, place.code), place.code, RANKS[kind], kind, _url(place))


_VIRTUAL = {
    (LocationKind.PRODUCTION, "from"): gettext_lazy("Made, %(site)s"),
    (LocationKind.PRODUCTION, "to"): gettext_lazy("Used up, %(site)s"),
    (LocationKind.SCRAP, "from"): gettext_lazy("Back from scrap, %(site)s"),
    (LocationKind.SCRAP, "to"): gettext_lazy("Scrap, %(site)s"),
    (LocationKind.VARIANCE, "from"): gettext_lazy("Found, %(site)s"),
    (LocationKind.VARIANCE, "to"): gettext_lazy("Missing or sampled, %(site)s"),
}


def _netted(rows: Iterable[Row]) -> Flows:
    """What flowed between the places of the picture; there and back are set off."""
    flows: dict[tuple[Node, Node], Decimal] = defaultdict(Decimal)
    for row in rows:
        source, target = row["places"]
        start, end = _node(source, goes=False), _node(target, goes=True)
        if start == end:
            continue
        if (end, start) in flows:
            flows[end, start] -= row["flowed"]
        else:
            flows[start, end] += row["flowed"]
    return {
        ((start, end) if amount > 0 else (end, start)): abs(amount)
        for (start, end), amount in flows.items()
        if amount
    }


def _through(flows: Mapping[tuple[Node, Node], Decimal]) -> dict[Node, Decimal]:
    """The greater of what came to each place and what went."""
    came: dict[Node, Decimal] = defaultdict(Decimal)
    went: dict[Node, Decimal] = defaultdict(Decimal)
    for (start, end), amount in flows.items():
        went[start] += amount
        came[end] += amount
    return {node: max(came[node], went[node]) for node in {*came, *went}}


def _folded(flows: Flows) -> Flows:
    """With the places of a rank that least flowed through taken together, where there are many."""
    through = _through(flows)
    by_rank: dict[int, list[Node]] = defaultdict(list)
    for node in sorted(through, key=lambda one: (-through[one], one.key)):
        by_rank[node.rank].append(node)
    becomes: dict[Node, Node] = {}
    for rank, nodes in by_rank.items():
        if len(nodes) <= MOST_OF_A_RANK:
            continue
        rest = nodes[MOST_OF_A_RANK - 1 :]
        name = _("%(count)s others") % {"count": len(rest)}
        becomes |= dict.fromkeys(rest, Node(("others", str(rank)), name, rank, rest[0].kind))
    folded: dict[tuple[Node, Node], Decimal] = defaultdict(Decimal)
    for (start, end), amount in flows.items():
        pair = (becomes.get(start, start), becomes.get(end, end))
        if pair[0] != pair[1]:
            folded[pair] += amount
    return dict(folded)


def _onward(flows: Flows) -> Flows:
    """With every way leading onward: what went back ends in a place of its own on the right."""
    onward: dict[tuple[Node, Node], Decimal] = {}
    after: dict[Node, set[Node]] = defaultdict(set)
    for (start, end), amount in sorted(flows.items(), key=_by_rank):
        if end.rank < start.rank or _reaches(after, end, start):
            name = _("back to %(place)s") % {"place": end.name}
            end = Node(("back", *end.key), name, ENDS, end.kind, end.url)
        after[start].add(end)
        onward[start, end] = onward.get((start, end), Decimal(0)) + amount
    return onward


def _by_rank(item: tuple[tuple[Node, Node], Decimal]) -> tuple[Any, ...]:
    (start, end), amount = item
    return (start.rank >= end.rank, -amount, start.key, end.key)


def _reaches(after: Mapping[Node, set[Node]], start: Node, end: Node) -> bool:
    """Whether ways lead from one place to the other already."""
    seen, waiting = {start}, [start]
    while waiting:
        for following in after.get(waiting.pop(), ()):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return end in seen


def _columns(flows: Flows) -> dict[Node, int]:
    """How far right each place stands: behind all that leads to it; ends in the last column."""
    columns = dict.fromkeys((node for pair in flows for node in pair), 0)
    for _round in range(len(columns)):
        moved = False
        for start, end in flows:
            if columns[end] <= columns[start]:
                columns[end], moved = columns[start] + 1, True
        if not moved:
            break
    last = max(columns.values())
    return {node: last if node.rank == ENDS else column for node, column in columns.items()}


def suggestions(asked: Asked) -> Iterator[Material]:
    """Materials that moved last, for who has named none."""
    lots = Movement.objects.order_by("-pk").values("lot__material")[:400]
    yield from Material.objects.filter(pk__in=[row["lot__material"] for row in lots])[:24]


FIGURE = Figure(
    name="flow",
    label=gettext_lazy("Flow"),
    about=gettext_lazy(
        "Where a material or a lot came from and went to in the period, by the ledger: suppliers "
        "and what was made on the left, then storage, lanes, work centres and vehicles, and on the "
        "right customers, what was used up or scrapped, and what went back. Storage is shown by "
        "site."
    ),
    icon="shuffle",
    asks=(*PERIOD, "material", "lot"),
    tables=TABLES,
    count=counted,
    draw=drawn,
    empty=gettext_lazy("Nothing of it moved in this period."),
)
