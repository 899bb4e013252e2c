"""Sites and locations from a file. Rows may build on rows above them."""

from collections.abc import Sequence
from copy import copy

from django.utils.translation import gettext_lazy as _

from integration.imports.columns import (
    Column,
    Row,
    hours,
    one_of,
    rows_of,
    text,
    time_zone,
    whole_number,
    yes_no,
)
from integration.imports.loading import Load, keep, once_each
from integration.imports.reading import Record
from inventory.errors import Refused
from inventory.models import CapacityPolicy, Condition, Location, LocationKind, Purpose, Site

SITE = "site"
KINDS = (
    LocationKind.STORAGE,
    LocationKind.STAGING,
    LocationKind.WORK_CENTER,
    LocationKind.TRANSIT,
    LocationKind.QUARANTINE,
    LocationKind.SUPPLIER,
    LocationKind.CUSTOMER,
)
"""Kinds that a file may bring; the other virtual ones come with their site."""

COLUMNS = (
    Column("code", _("What its label carries; a known code changes that location."), text(60),
           required=True),
    Column("name", _("Name."), text(120)),
    Column("kind", _("site, storage, staging, work_center, transit, quarantine, supplier or "
                     "customer."), one_of(SITE, *KINDS), required=True),
    Column("site", _("Code of its site; not for a site itself."), text(40)),
    Column("within", _("Code of the location around it."), text(60)),
    Column("purpose", _("For staging: line_side, kitting, wip_buffer or shipping_lane."),
           one_of(*Purpose.values)),
    Column("capacity", _("Handling positions."), whole_number),
    Column("capacity_policy", _("When full: refuse or warn."), one_of(*CapacityPolicy.values)),
    Column("dwell_hours", _("How long stock may stay staged, in hours."), hours),
    Column("state_label", _("What stock there is called, e.g. staged for filling."), text(60)),
    Column("routes", _("Of a shipping lane: routes that it serves, with ; between."), text(400)),
    Column("carriers", _("Of a shipping lane: carriers that it serves, with ; between."),
           text(400)),
    Column("condition", _("frozen, 2-8, 15-25 or ambient; empty: that of the place around it."),
           one_of(*Condition.values)),
    Column("gln", _("GS1's number of the place, 13 digits."), text(13)),
    Column("gln_extension", _("Tells places of one GLN apart."), text(20)),
    Column("walk_order", _("Order in which it is walked to."), whole_number),
    Column("is_open", _("yes or no."), yes_no),
    Column("time_zone", _("Of a site, e.g. America/New_York."), time_zone),
)  # fmt: skip

PLAIN = ("name", "kind", "purpose", "capacity", "capacity_policy", "state_label", "routes",
         "carriers", "condition", "gln", "gln_extension", "walk_order", "is_open")  # fmt: skip


def load(records: Sequence[Record], load: Load) -> None:
    """Keep each row's site or location. An empty cell leaves what is there.

    Refuses, by row, `unknown_code` of a site or location, and as `save_master` does.
    """
    rows = once_each(rows_of(records, COLUMNS, load.report), load.report, "code", "kind")
    sites = {site.code: site for site in Site.objects.all()}
    wanted = {row.values[name] for row in rows for name in ("code", "within") if name in row.values}
    known = Location.objects.select_related("site", "parent").in_bulk(wanted, field_name="code")
    for row in rows:
        if row.values["kind"] == SITE:
            _keep_site(row, sites, load)
        else:
            _keep_location(row, sites, known, load)


def _keep_site(row: Row, sites: dict[str, Site], load: Load) -> None:
    code = row.values["code"]
    found = sites.get(code)
    site = copy(found) if found else Site(code=code)
    site.name = row.values.get("name", site.name)
    site.time_zone = row.values.get("time_zone", site.time_zone)
    site.is_active = row.values.get("is_open", site.is_active)
    if keep(site, found, row, load):
        sites[code] = site


def _keep_location(
    row: Row, sites: dict[str, Site], known: dict[str, Location], load: Load
) -> None:
    code = row.values["code"]
    found = known.get(code)
    location = copy(found) if found else Location(code=code)
    try:
        _place(location, row, sites, known)
    except Refused as refusal:
        load.report.refuse(row.line, refusal)
        return
    for name in PLAIN:
        if name in row.values:
            setattr(location, name, row.values[name])
    location.dwell_limit = row.values.get("dwell_hours", location.dwell_limit)
    if keep(location, found, row, load):
        known[code] = location


def _place(
    location: Location, row: Row, sites: dict[str, Site], known: dict[str, Location]
) -> None:
    if "within" in row.values:
        parent = known.get(row.values["within"])
        if parent is None:
            raise _unknown("within", row.values["within"])
        location.parent, location.site = parent, parent.site
    if "site" in row.values:
        site = sites.get(row.values["site"])
        if site is None:
            raise _unknown("site", row.values["site"])
        if location.parent and location.parent.site != site:
            raise Refused(
                _("%(parent)s is at another site."),
                code="site_differs",
                field="within",
                parent=location.parent,
            )
        location.site = site
    elif not location.pk and "within" not in row.values:
        raise Refused(_("Name the site."), code="value_needed", field="site")


def _unknown(column: str, code: str) -> Refused:
    return Refused(
        _("There is no location “%(wanted)s”.")
        if column == "within"
        else _("There is no site “%(wanted)s”."),
        code="unknown_code",
        field=column,
        hint=_("Put its row above this one, or check the code."),
        wanted=code,
    )
