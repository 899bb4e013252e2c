"""Deliveries: received into quarantine, inspected, decided on, put away."""

from datetime import timedelta
from typing import NamedTuple

from config.demo_plant import plans
from config.demo_plant.story import Row, Story, days, hours


class Delivery(NamedTuple):
    """A lot as delivered; `made` is so many days ago. `bay` is where it goes once released."""

    lot: str
    quantity: str
    made: int
    bay: str
    unit: str = ""
    supplier: str = "SUP-ALDER"
    supplier_lot: str = ""


FIRST = (
    Delivery("RM-1001/A24-0711", "10", 210, "RVS-WH-A1", "XDR", supplier_lot="ALD-77120"),
    Delivery("RM-1001/A24-0802", "10", 150, "RVS-WH-A1", "XDR", supplier_lot="ALD-77391"),
    Delivery("RM-1002/C-5519", "15", 300, "RVS-WH-A2", "XBG"),
    Delivery("RM-1002/C-5560", "15", 120, "RVS-WH-A2", "XBG"),
    Delivery("RM-1003/PVK-208", "120", 400, "RVS-WH-A3"),
    Delivery("RM-1004/MG-0031", "40", 500, "RVS-WH-A3"),
    Delivery("RM-1010/S-1200", "100", 200, "RVS-WH-A4"),
    Delivery("RM-1011/X-77", "1500", 90, "RVS-WH-A4", supplier_lot="ALD-X-0077"),
    Delivery("CO-2001/B-9001", "12", 60, "RVS-WH-B1", "XCT", "SUP-PACKWELL"),
    Delivery("CO-2001/B-9002", "12", 50, "RVS-WH-B1", "XCT", "SUP-PACKWELL"),
    Delivery("CO-2001/B-9010", "12", 48, "RVS-WH-B1", "XCT", "SUP-PACKWELL"),
    Delivery("CO-2002/P-411", "16", 60, "RVS-WH-B1", "XCT", "SUP-PACKWELL"),
    Delivery("CO-2002/P-405", "6", 62, "RVS-WH-B1", "XCT", "SUP-PACKWELL"),
    Delivery("PK-3001/V-310", "12", 80, "RVS-WH-B2", "RO", "SUP-PACKWELL"),
    Delivery("PK-3002/F-118", "10", 80, "RVS-WH-B2", "RO", "SUP-PACKWELL"),
    Delivery("PK-3003/K-2207", "160", 70, "RVS-WH-B3", "XBX", "SUP-PACKWELL"),
    Delivery("PK-3003/K-2198", "6", 90, "RVS-WH-B3", "XBX", "SUP-PACKWELL"),
    Delivery("PK-3004/L-0907", "40", 70, "RVS-WH-B3", "XBX", "SUP-PACKWELL"),
)
"""Received six weeks ago and released since."""

CERTIFIED = (
    Delivery("RM-1005/LAC-88", "40", 430, "RVS-WH-A4", "XBG"),
    Delivery("RM-1005/LAC-95", "40", 100, "RVS-WH-A4", "XBG"),
    Delivery("PK-3005/N-0112", "3", 560, "RVS-WH-B3", "RO", "SUP-PACKWELL"),
    Delivery("PK-3005/N-0140", "6", 90, "RVS-WH-B3", "RO", "SUP-PACKWELL"),
    Delivery("PK-3005/N-0155", "3", 45, "RVS-WH-B3", "RO", "SUP-PACKWELL"),
    Delivery("WP-4002/T0129", "60000", 60, "RVS-WH-F1", supplier="SUP-PACKWELL"),
)
"""Usable on receipt. One is due for retest by now, one has expired."""

LATEST = (
    Delivery("RM-1001/A24-0930", "8", 40, "RVS-IN", "XDR", supplier_lot="ALD-78002"),
    Delivery("RM-1001/A24-0944", "8", 35, "RVS-IN", "XDR", supplier_lot="ALD-78019"),
    Delivery("RM-1002/C-5602", "15", 45, "RVS-IN", "XBG"),
    Delivery("RM-1003/PVK-219", "80", 60, "RVS-IN"),
    Delivery("RM-1010/S-0988", "50", 1830, "RVS-IN"),
    Delivery("PK-3003/K-2290", "60", 20, "RVS-IN", "XBX", "SUP-PACKWELL"),
    Delivery("PK-3001/V-322", "6", 15, "RVS-IN", "RO", "SUP-PACKWELL"),
)
"""Of the last days: waiting for results, for a decision, or decided otherwise."""

NEBULISERS = tuple(f"FG-6001/NB-{number}" for number in range(24101, 24109))


def tell(story: Story) -> None:
    _receive(story, days(42), FIRST, "RVS-IN", "PO-4500711")
    _inspect(story, days(40), *(delivery.lot for delivery in FIRST))
    _release(story, days(39), *(delivery.lot for delivery in FIRST))
    story.do(
        "put_away", "operator", days(38) + hours(3),
        *({"lot": delivery.lot, "target": delivery.bay} for delivery in FIRST),
    )  # fmt: skip
    _receive(story, days(20), CERTIFIED, "", "PO-4500733")
    _receive_latest(story)
    _receive_devices(story)


def _receive(
    story: Story, ago: timedelta, deliveries: tuple[Delivery, ...], dock: str, order: str
) -> None:
    story.do("receive", "operator", ago, *(_receipt(row, dock, order) for row in deliveries))


def _receipt(delivery: Delivery, dock: str, order: str) -> Row:
    material, number = delivery.lot.split("/")
    row: Row = {
        "material": material,
        "number": number,
        "quantity": delivery.quantity,
        "location": dock or delivery.bay,
        "supplier": delivery.supplier,
        "supplier_lot": delivery.supplier_lot,
        "made_on": -delivery.made,
        "reference": order,
    }
    return row | ({"unit": delivery.unit} if delivery.unit else {})


def _inspect(story: Story, ago: timedelta, *lots: str) -> None:
    story.do("record_inspection", "lab", ago, *(row for lot in lots for row in passing(lot)))


def _release(story: Story, ago: timedelta, *lots: str) -> None:
    story.sign("release", ago, "Meets its specification", *({"lot": lot} for lot in lots))


def passing(lot: str) -> list[Row]:
    """Results within their limits, as the laboratory would enter them."""
    if lot.startswith(plans.MATERIAL):
        return plans.passing(lot)
    if lot.startswith("RM-"):
        return [
            {"lot": lot, "characteristic": "Identity (IR)", "value": "conforms"},
            {"lot": lot, "characteristic": "Assay", "value": "99.6", "unit": "%",
             "lower": "98.0", "upper": "102.0"},
            {"lot": lot, "characteristic": "Loss on drying", "value": "0.3", "unit": "%",
             "upper": "0.5"},
        ]  # fmt: skip
    return [
        {"lot": lot, "characteristic": "Appearance", "value": "clean, no defects"},
        {"lot": lot, "characteristic": "Print and code", "value": "conforms to the master"},
    ]


def _receive_latest(story: Story) -> None:
    _receive(story, days(3), LATEST, "", "PO-4500790")
    _inspect(
        story, days(1),
        "RM-1001/A24-0930", "RM-1003/PVK-219", "PK-3003/K-2290", "RM-1010/S-0988",
    )  # fmt: skip
    story.do(
        "record_inspection", "lab", days(1) - hours(2),
        {"lot": "RM-1002/C-5602", "characteristic": "Loss on drying", "value": "8.9",
         "unit": "%", "upper": "7.0", "remark": "Repeated, 8.8 %"},
        {"lot": "RM-1002/C-5602", "characteristic": "Identity (IR)", "value": "conforms"},
    )  # fmt: skip
    story.sign("reject", hours(20), "Too wet: loss on drying 8.9 %", {"lot": "RM-1002/C-5602"})
    story.do(
        "move", "operator", hours(19),
        {"lot": "RM-1002/C-5602", "target": "RVS-QC", "reason": "Rejected"},
    )  # fmt: skip
    story.sign(
        "restrict", hours(18), "Particle size at the limit: for trial batches only",
        {"lot": "RM-1003/PVK-219", "references": ["GRA-0145"], "until": 60},
    )  # fmt: skip
    story.do("put_away", "operator", hours(17), {"lot": "RM-1003/PVK-219", "target": "RVS-WH-A3"})


def _receive_devices(story: Story) -> None:
    rows: list[Row] = [
        {"material": "FG-6001", "number": lot.split("/")[1], "quantity": "1",
         "location": "HBR-R4", "supplier": "SUP-NEBULO", "reference": "PO-4500745"}
        for lot in NEBULISERS
    ]  # fmt: skip
    story.do("receive", "operator", days(15), *rows)
    tested: list[Row] = [
        {"lot": lot, "characteristic": "Function test", "value": "passed"} for lot in NEBULISERS[:6]
    ]
    story.do("record_inspection", "lab", days(14), *tested)
    _release(story, days(13), *NEBULISERS[:6])
