"""Where the demo's stock can be, and what it is made of."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from config.demo_plant.story import Story, days, hours
from inventory import gs1
from inventory.actions import save_master
from inventory.audit import Actor
from inventory.check_digits import check_digit
from inventory.models import (
    REAL_KINDS,
    CapacityPolicy,
    Location,
    LocationKind,
    Material,
    MaterialKind,
    MaterialUnit,
    Purpose,
    Site,
    Tracking,
)

PLANT, CENTRE = "RVS", "HBR"
GS1_PREFIX = "9521234"
"""A company prefix under 952, which GS1 keeps for demonstrations. The pallets that are there from
the beginning have the extension digit 3, new ones 4."""


class Place(NamedTuple):
    """A location. Its site is the first part of its code, unless it says otherwise."""

    code: str
    name: str
    kind: LocationKind
    within: str = ""
    site: str = ""
    extras: dict[str, Any] = {}


def storage(code: str, name: str, within: str = "") -> Place:
    return Place(code, name, LocationKind.STORAGE, within)


def lane(
    code: str, name: str, purpose: Purpose, capacity: int, dwell: timedelta, label: str,
    within: str = "", policy: CapacityPolicy = CapacityPolicy.REFUSE, carriers: str = "",
) -> Place:  # fmt: skip
    extras = {
        "purpose": purpose, "capacity": capacity, "dwell_limit": dwell, "state_label": label,
        "capacity_policy": policy, "carriers": carriers,
    }  # fmt: skip
    return Place(code, name, LocationKind.STAGING, within, extras=extras)


SITES = (
    (PLANT, "Riverside plant", "Europe/Copenhagen"),
    (CENTRE, "Harbour distribution centre", "Europe/London"),
)

PLACES = (
    storage("RVS-WH", "Warehouse"),
    *(storage(f"RVS-WH-A{n}", f"Rack A, bay {n} (raw materials)", "RVS-WH") for n in range(1, 5)),
    *(storage(f"RVS-WH-B{n}", f"Rack B, bay {n} (packaging)", "RVS-WH") for n in range(1, 4)),
    storage("RVS-WH-F1", "Finished goods bay", "RVS-WH"),
    Place("RVS-IN", "Goods in, quarantine", LocationKind.QUARANTINE),
    Place("RVS-QC", "Quarantine cage", LocationKind.QUARANTINE, "RVS-WH"),
    lane("RVS-KIT-1", "Kitting area 1", Purpose.KITTING, 8, hours(24), "kitted", "RVS-WH"),
    lane("RVS-KIT-2", "Kitting area 2", Purpose.KITTING, 8, hours(24), "kitted", "RVS-WH"),
    Place("RVS-GRA", "Granulation", LocationKind.WORK_CENTER),
    lane("RVS-GRA-LS", "Granulation, line-side", Purpose.LINE_SIDE, 6, hours(8),
         "staged for granulation", "RVS-GRA"),
    Place("RVS-COM", "Tablet press", LocationKind.WORK_CENTER),
    lane("RVS-COM-LS", "Tablet press, line-side", Purpose.LINE_SIDE, 4, hours(8),
         "staged for compression", "RVS-COM"),
    lane("RVS-COM-BUF", "Granulate buffer", Purpose.WIP_BUFFER, 4, hours(24),
         "waiting for compression", "RVS-COM"),
    Place("RVS-PAC", "Blister line", LocationKind.WORK_CENTER),
    lane("RVS-PAC-LS", "Blister line, line-side", Purpose.LINE_SIDE, 10, hours(12),
         "staged for packing", "RVS-PAC"),
    lane("RVS-PAC-TOUR", "Blister line, quick tour", Purpose.LINE_SIDE, 2, hours(8),
         "staged for packing", "RVS-PAC"),
    lane("RVS-PAC-BUF", "Bulk tablet buffer", Purpose.WIP_BUFFER, 6, hours(72),
         "waiting for packing", "RVS-PAC"),
    Place("RVS-MIX", "Mixing vessel", LocationKind.WORK_CENTER),
    lane("RVS-MIX-LS", "Mixing, line-side", Purpose.LINE_SIDE, 4, hours(8),
         "staged for mixing", "RVS-MIX"),
    Place("RVS-FIL", "Filling line", LocationKind.WORK_CENTER),
    lane("RVS-FIL-LS", "Filling line, line-side", Purpose.LINE_SIDE, 4, hours(8),
         "staged for filling", "RVS-FIL", CapacityPolicy.WARN),
    lane("RVS-FIL-BUF", "Bulk solution buffer", Purpose.WIP_BUFFER, 3, hours(12),
         "waiting for filling", "RVS-FIL"),
    storage("HBR-RACK", "Pallet racks"),
    *(storage(f"HBR-R{n}", f"Pallet rack {n}", "HBR-RACK") for n in range(1, 5)),
    Place("HBR-QC", "Quarantine cage", LocationKind.QUARANTINE),
    *(
        lane(f"HBR-LANE-{n}", f"Shipping lane {n}", Purpose.SHIPPING_LANE, 6, hours(12),
             f"ready for dock {n}", carriers=carriers)
        for n, carriers in enumerate(("", "Kestrel Cargo", ""), start=1)
    ),
    Place("HBR-TRUCK-1", "Truck at dock 1", LocationKind.TRANSIT),
    Place("HBR-TRUCK-2", "Truck at dock 2", LocationKind.TRANSIT),
    Place("SUP-ALDER", "Alder Fine Chemicals", LocationKind.SUPPLIER, site=PLANT),
    Place("SUP-PACKWELL", "Packwell Packaging", LocationKind.SUPPLIER, site=PLANT),
    Place("SUP-NEBULO", "Nebulo Devices", LocationKind.SUPPLIER, site=CENTRE),
    Place("CUS-MEDIX", "Medix Wholesale", LocationKind.CUSTOMER, site=CENTRE),
    Place("CUS-STMARY", "St Mary's Hospital", LocationKind.CUSTOMER, site=CENTRE),
    Place("CUS-NORTH", "North Pharmacies", LocationKind.CUSTOMER, site=CENTRE),
)  # fmt: skip


class Item(NamedTuple):
    """A material. `units` are other units and how many base units each is."""

    code: str
    name: str
    unit: str
    category: str
    extras: dict[str, Any] = {}
    units: tuple[tuple[str, str], ...] = ()


RELEASED = {"initial_status": "released"}
MATERIALS: dict[MaterialKind, tuple[Item, ...]] = {
    MaterialKind.RAW: (
        Item("RM-1001", "Paracetamol, fine powder", "KGM", "Active substance",
             {"retest_days": 730, "safety_stock": Decimal(250)}, (("XDR", "50"),)),
        Item("RM-1002", "Microcrystalline cellulose", "KGM", "Excipient",
             {"shelf_life_days": 1095, "safety_stock": Decimal(100)}, (("XBG", "20"),)),
        Item("RM-1003", "Povidone K30", "KGM", "Excipient", {"shelf_life_days": 1095}),
        Item("RM-1004", "Magnesium stearate", "KGM", "Excipient", {"shelf_life_days": 1460}),
        Item("RM-1005", "Lactose monohydrate", "KGM", "Excipient",
             {"retest_days": 365, **RELEASED}, (("XBG", "25"),)),
        Item("RM-1010", "Sodium chloride", "KGM", "Excipient", {"shelf_life_days": 1825}),
        Item("RM-1011", "Xylometazoline hydrochloride", "GRM", "Active substance",
             {"retest_days": 365, "min_remaining_days": 30}, (("KGM", "1000"),)),
    ),
    MaterialKind.COMPONENT: (
        Item("CO-2001", "Spray bottle, 20 ml", "EA", "Primary packaging",
             {"safety_stock": Decimal(20000)}, (("XCT", "2000"),)),
        Item("CO-2002", "Spray pump with cap", "EA", "Primary packaging", {}, (("XCT", "4000"),)),
    ),
    MaterialKind.PACKAGING: (
        Item("PK-3001", "PVC film, 250 µm", "MTR", "Primary packaging", {}, (("RO", "1500"),)),
        Item("PK-3002", "Aluminium foil, printed", "MTR", "Primary packaging", {},
             (("RO", "2000"),)),
        Item("PK-3003", "Folding carton, 20 tablets", "EA", "Printed packaging", {},
             (("XBX", "500"),)),
        Item("PK-3004", "Leaflet, paracetamol", "EA", "Printed packaging", {}, (("XBX", "2000"),)),
        Item("PK-3005", "Label, nasal spray", "EA", "Printed packaging",
             {"shelf_life_days": 540, **RELEASED}, (("RO", "8000"),)),
    ),
    MaterialKind.WIP: (
        Item("WP-4001", "Paracetamol granulate", "KGM", "Granulate",
             {"shelf_life_days": 60, "dwell_limit": hours(36), **RELEASED}),
        Item("WP-4002", "Paracetamol tablets, bulk", "EA", "Bulk tablets",
             {"shelf_life_days": 180, **RELEASED}),
        Item("WP-4003", "Nasal spray solution, bulk", "LTR", "Bulk solution",
             {"shelf_life_days": 14, "dwell_limit": hours(12), **RELEASED}),
    ),
    MaterialKind.FINISHED: (
        Item("FG-5001", "Paracetamol 500 mg, 20 tablets", "EA", "Medicine",
             {"shelf_life_days": 1095, "min_remaining_days": 180}, (("XCT", "120"),)),
        Item("FG-5002", "Nasal spray 0.1 %, 20 ml", "EA", "Medicine",
             {"shelf_life_days": 730, "min_remaining_days": 180, "second_signer": True},
             (("XCT", "60"),)),
        Item("FG-6001", "Portable nebuliser", "EA", "Medical device",
             {"tracking": Tracking.SERIAL}),
    ),
}  # fmt: skip


def install(story: Story) -> None:
    """Set the plant up, two months ago."""
    by, at = story.actor("admin"), story.now - days(60)
    shared = {"gs1_prefix": GS1_PREFIX, "sscc_extension": 4}
    sites = {
        code: save_master(Site(code=code, name=name, time_zone=zone, **shared), by=by, at=at)
        for code, name, zone in SITES
    }
    _add_places(sites, by, at)
    number = 0
    for kind, items in MATERIALS.items():
        for item in items:
            number += 1
            gtin = gtin_of(number) if kind == MaterialKind.FINISHED else ""
            _add_material(kind, item, gtin, by, at)


def gtin_of(number: int) -> str:
    """A GTIN-14 of the demo's prefix; its check digit is an SSCC's."""
    digits = f"0{GS1_PREFIX}{number:05}"
    return f"{digits}{check_digit(digits)}"


def sscc_of(number: int) -> str:
    """The SSCC of the demo's pallet of that number."""
    return gs1.sscc(3, GS1_PREFIX, number)


def gln_of(site: str) -> str:
    """The GLN of a site of the demo; its places have it with their code as extension."""
    digits = f"{GS1_PREFIX}{[code for code, *_rest in SITES].index(site):05}"
    return f"{digits}{check_digit(digits)}"


def _add_places(sites: dict[str, Site], by: Actor, at: datetime) -> None:
    made: dict[str, Location] = {}
    for order, place in enumerate(PLACES):
        site = place.site or place.code.split("-")[0]
        is_ours = place.kind in REAL_KINDS
        made[place.code] = save_master(
            Location(
                site=sites[site],
                gln=gln_of(site) if is_ours else "",
                gln_extension=place.code if is_ours else "",
                parent=made.get(place.within),
                code=place.code,
                name=place.name,
                kind=place.kind,
                walk_order=order * 10,
                **place.extras,
            ),
            by=by,
            at=at,
        )


def _add_material(kind: MaterialKind, item: Item, gtin: str, by: Actor, at: datetime) -> None:
    material = save_master(
        Material(
            code=item.code, name=item.name, kind=kind, base_unit_id=item.unit,
            category=item.category, gtin=gtin, **item.extras,
        ),
        by=by, at=at,
    )  # fmt: skip
    for unit, factor in item.units:
        save_master(
            MaterialUnit(material=material, unit_id=unit, numerator=Decimal(factor)), by=by, at=at
        )
