"""A lot's family as a graph: what it was made from on the left, what it went into on the right."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory.genealogy import Link, Trace
from inventory.models import Lot
from inventory.units import plain
from inventory.wording import spelled
from staging.charts import layers
from staging.charts.drawing import Drawing

Place = tuple[int, int]
"""Level, above zero to the right, and lot. A lot may stand on several levels; its own family hangs
on the first of them, as the trace has each link once."""


@dataclass(frozen=True, slots=True)
class View:
    """How much of a family is drawn, and where its boxes lead."""

    levels: int
    most: int
    url_of: Callable[[Lot], str]
    more_url: str = ""


@dataclass(slots=True)
class _Family:
    lots: dict[int, dict[int, Lot]] = field(default_factory=lambda: defaultdict(dict))
    ties: list[tuple[Place, Place, Link]] = field(default_factory=list)
    goes_on: dict[Place, int] = field(default_factory=lambda: defaultdict(int))


def graph(lot: Lot, back: Trace | None, forward: Trace | None, view: View) -> Drawing:
    """Draw the links of the traces, as many levels and boxes as the view has. A trace that goes a
    level further than is drawn says which boxes go on."""
    family = _Family()
    family.lots[0][lot.pk] = lot
    for sign, trace in ((-1, back), (1, forward)):
        for link in trace.links if trace else ():
            _place(family, link, sign, view)
    columns = [_column(family, level, view) for level in sorted(family.lots)]
    ties = [layers.Tie(left, right, _said(link)) for left, right, link in family.ties]
    return layers.graph(
        _("Genealogy of %(lot)s") % {"lot": lot},
        columns,
        ties,
        summary=_("What it was made from stands on the left, what it went into on the right."),
    )


def _place(family: _Family, link: Link, sign: int, view: View) -> None:
    near = (sign * (link.depth - 1), link.near.pk)
    if link.depth > view.levels:
        family.goes_on[near] += 1
        return
    far = (sign * link.depth, link.far.pk)
    family.lots[far[0]][link.far.pk] = link.far
    family.ties.append((far, near, link) if sign < 0 else (near, far, link))


def _column(family: _Family, level: int, view: View) -> layers.Column:
    lots = list(family.lots[level].values())
    left = len(lots) - view.most
    more = ngettext("%(count)s more", "%(count)s more", left) % {"count": left} if left > 0 else ""
    nodes = list(_nodes(family, level, lots[: view.most], view))
    return layers.Column(nodes, more, view.more_url if more else "")


def _nodes(family: _Family, level: int, lots: list[Lot], view: View) -> Iterator[layers.Node]:
    for lot in lots:
        place = (level, lot.pk)
        hidden = family.goes_on.get(place, 0)
        title = f"{lot.material.code} {lot.number}, {lot.material.name}, {lot.get_status_display()}"
        if hidden:
            title += " · " + ngettext(
                "%(count)s more lot beyond", "%(count)s more lots beyond", hidden
            ) % {"count": hidden}
        yield layers.Node(
            place, lot.material.code, lot.number, strong=level == 0, url=view.url_of(lot),
            title=title, goes_on=f"+{hidden}" if hidden else "",
        )  # fmt: skip


def used(link: Link, *, forward: bool) -> tuple[str, str]:
    """How much of the lot that was used up went along a link, with that lot's unit."""
    if link.quantity is None:
        return "", ""
    parent = link.near if forward else link.far
    return plain(link.quantity), str(parent.material.base_unit_id)


def _said(link: Link) -> str:
    quantity = "" if link.quantity is None else f": {spelled(link.quantity)}"
    return f"{link.near.code} · {link.far.code}{quantity}"
