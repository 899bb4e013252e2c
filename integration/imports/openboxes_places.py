"""OpenBoxes' depots, partners and bins as sites and locations."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from integration.imports import locations
from integration.imports.loading import Load
from integration.imports.reading import Record, Sheet
from inventory.errors import Refused
from inventory.models import Location, LocationKind, Purpose, Site

PARTNER_HEADERS = {
    "code": "locationNumber", "name": "name", "kind": "locationType", "is_open": "active",
    "site": "locationGroup",
}  # fmt: skip
BIN_HEADERS = {
    "code": "locationNumber", "name": "name", "site": "parentLocation", "is_open": "active",
    "kind": "locationType",
}  # fmt: skip

DEPOT = "Depot"
KINDS = {
    DEPOT: locations.SITE,
    "Supplier": LocationKind.SUPPLIER,
    "Dispensary": LocationKind.CUSTOMER,
}
"""OpenBoxes' types of location, and what they are here."""

Cells = Mapping[str, str]
Translate = Callable[[Cells], dict[str, str]]


def renamed(cells: Cells, headers: Mapping[str, str]) -> dict[str, str]:
    """The cells under our own names."""
    return {ours: cells.get(theirs, "") for ours, theirs in headers.items()}


def translated(records: Iterable[Record], translate: Translate, load: Load) -> Iterator[Record]:
    """Each record under our own names; those that cannot be translated are reported."""
    for record in records:
        try:
            yield Record(record.line, translate(record.cells), record.surplus)
        except Refused as refusal:
            load.report.refuse(record.line, refusal)


def is_depot(record: Record) -> bool:
    return record.cells.get("locationType") == DEPOT


def load_locations(sheet: Sheet, owner: str, load: Load) -> None:
    """Depots become sites; suppliers and dispensaries become locations of the depot they go with.

    Refuses, by row, `type_unknown` and `no_depot`.
    """
    depots = [record for record in sheet.records if is_depot(record)]
    others = [record for record in sheet.records if not is_depot(record)]

    def translate(cells: Cells) -> dict[str, str]:
        kind = KINDS.get(cells["locationType"])
        if kind is None:
            raise Refused(
                _("Locations of type “%(type)s” have no place here."),
                code="type_unknown",
                field="kind",
                hint=_("Known are: %s.") % ", ".join(KINDS),
                type=cells["locationType"],
            )
        site = "" if kind == locations.SITE else depot_of(cells, depots)
        return renamed(cells, PARTNER_HEADERS) | {"kind": kind, "site": site}

    # Sites first, whatever the order of the file: the others belong to them.
    locations.load(list(translated([*depots, *others], translate, load)), load)


def depot_of(cells: Cells, depots: Sequence[Record]) -> str:
    """The depot that shares a word of its name, else of its group, else the first."""
    words = set(cells["name"].casefold().split())

    def rank(depot: Record) -> tuple[bool, bool]:
        name = depot.cells["name"].casefold().replace("(", "").replace(")", "")
        group = depot.cells.get("locationGroup", "")
        return (
            bool(words & set(name.split())),
            bool(group) and group == cells.get("locationGroup"),
        )

    if not depots:
        raise Refused(_("There is no depot it could belong to."), code="no_depot", field="kind")
    return max(depots, key=rank).cells["locationNumber"]


def load_bins(sheet: Sheet, owner: str, load: Load) -> None:
    """Bins become storage locations of the site that they name as their parent.

    Refuses, by row, `unknown_parent`: which site is meant is not for us to guess.
    """
    sites = {site.name: site.code for site in Site.objects.all()}

    def translate(cells: Cells) -> dict[str, str]:
        site = sites.get(cells["parentLocation"])
        if site is None:
            raise Refused(
                _("There is no site named “%(parent)s”."),
                code="unknown_parent",
                field="site",
                hint=_("Add it to locations.csv, or correct the name."),
                parent=cells["parentLocation"],
            )
        return renamed(cells, BIN_HEADERS) | {"site": site, "kind": LocationKind.STORAGE}

    _note_repeated_names(sheet.records, load)
    locations.load(list(translated(sheet.records, translate, load)), load)


def _note_repeated_names(records: Sequence[Record], load: Load) -> None:
    """Bins of one name at one site stay apart by their numbers, but stock cannot name them."""
    names = Counter((row.cells["parentLocation"], row.cells["name"]) for row in records)
    for row in records:
        parent, name = row.cells["parentLocation"], row.cells["name"]
        if names[parent, name] > 1:
            words = _("%(parent)s has several bins %(name)s; stock that names it is refused.")
            load.report.note(
                row.line, "name", "name_twice", str(words) % {"parent": parent, "name": name}
            )


def load_staging(sheet: Sheet, owner: str, load: Load) -> None:
    """A shipping lane, a dock and a quarantine cage for every depot that has none of the kind."""
    depots = {row.cells["locationNumber"]: row.line for row in sheet.records if is_depot(row)}
    records: list[Record] = []
    for site in Site.objects.filter(code__in=depots).order_by("code"):
        there = set(Location.objects.filter(site=site).values_list("kind", "purpose"))
        for kind, purpose, suffix, name in STAGING:
            if (kind, purpose) not in there:
                cells = {"code": f"{site.code}-{suffix}", "name": name, "kind": kind}
                cells |= {"purpose": purpose, "site": site.code}
                records.append(Record(depots[site.code], cells))
    locations.load(records, load)


STAGING = (
    (LocationKind.STAGING, Purpose.SHIPPING_LANE, "LANE-1", "Shipping lane 1"),
    (LocationKind.TRANSIT, "", "DOCK-1", "Truck at dock 1"),
    (LocationKind.QUARANTINE, "", "QC", "Quarantine cage"),
)
"""What stock must be able to pass through on its way out, or be kept apart in."""
