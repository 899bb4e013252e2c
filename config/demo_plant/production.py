"""Batches of tablets and nasal spray, from the raw material to the pallet.

Tablets go through three steps, each with a demand of its own: granulation (GRA), compression
(COM) and packing (PAC). What one step makes waits in the buffer of the next, staged for it.
"""

from datetime import timedelta

from config.demo_plant.inbound import passing
from config.demo_plant.master import sscc_of
from config.demo_plant.story import Row, Story, days, hours

Needs = tuple[tuple[str, str], ...]

GRANULATE: Needs = (("RM-1001", "150"), ("RM-1002", "45"), ("RM-1003", "9"))
COMPRESS: Needs = (("WP-4001", "200"), ("RM-1004", "2"))
PACK: Needs = (
    ("WP-4002", "300000"), ("PK-3001", "2400"), ("PK-3002", "2400"), ("PK-3003", "15000"),
    ("PK-3004", "15000"),
)  # fmt: skip
MIX: Needs = (("RM-1010", "4.5"), ("RM-1011", "500"))
FILL: Needs = (
    ("WP-4003", "500"), ("CO-2001", "24000"), ("CO-2002", "24000"), ("PK-3005", "24000"),
)  # fmt: skip

STEPS: dict[str, tuple[str, str, str, Needs]] = {
    "GRA": ("operation", "RVS-GRA", "WP-4001", GRANULATE),
    "COM": ("operation", "RVS-COM", "WP-4002", COMPRESS),
    "PAC": ("production", "RVS-PAC", "FG-5001", PACK),
    "MIX": ("operation", "RVS-MIX", "WP-4003", MIX),
    "NAS": ("production", "RVS-FIL", "FG-5002", FILL),
}

PALLETS = tuple(f"PAL-0142-{number}" for number in range(1, 7))


def tell(story: Story) -> None:
    _finished_batch(story)
    _pallets(story)
    _batch_under_way(story)
    _batches_to_come(story)
    _nasal_spray(story)
    _cancelled(story)
    _put_forward(story)


def plan(story: Story, ago: timedelta, reference: str, needed: timedelta) -> None:
    """Create the demand of one step; `needed` counts from now, ahead."""
    kind, work_center, product, needs = STEPS[reference[:3]]
    story.do(
        "create_demand", "supervisor", ago,
        {
            "reference": reference, "kind": kind, "site": "RVS", "needed_at": needed,
            "work_center": work_center, "product": product,
            "requirements": [{"material": m, "quantity": q} for m, q in needs],
        },
    )  # fmt: skip


def stage(
    story: Story, ago: timedelta, demand: str, lane: str, *lots: str, who: str = "operator"
) -> None:
    """Stage what the demand still needs of each lot."""
    rows: list[Row] = [{"demand": demand, "lot": lot, "lane": lane} for lot in lots]
    story.do("stage", who, ago, *rows)


def use_up(story: Story, ago: timedelta, demand: str, *lots: str) -> None:
    """Issue all that is staged of the lots for the demand, and consume it an hour later."""
    rows: list[Row] = [{"demand": demand, "lot": lot} for lot in lots]
    story.do("issue", "operator", ago, *rows)
    story.do("consume", "operator", ago - hours(1), *rows)


def make(
    story: Story, ago: timedelta, demand: str, number: str, quantity: str, location: str,
    then: str = "",
) -> None:  # fmt: skip
    """Put what the demand made into stock, staged for the next step if there is one."""
    row: Row = {
        "demand": demand, "number": number, "quantity": quantity, "location": location,
        "made_on": -ago.days,
    }  # fmt: skip
    story.do("produce", "operator", ago, row | ({"next_demand": then} if then else {}))


def complete(story: Story, ago: timedelta, *demands: str) -> None:
    rows: list[Row] = [{"demand": d, "reason": "Batch record closed"} for d in demands]
    story.do("complete_demand", "supervisor", ago, *rows)


def _finished_batch(story: Story) -> None:
    """Batch 0142: granulated, compressed, packed, released."""
    for reference, needed in (("GRA-0142", 14), ("COM-0142", 13), ("PAC-0142", 12)):
        plan(story, days(20), reference, -days(needed))
    raw = ("RM-1001/A24-0711", "RM-1002/C-5519", "RM-1003/PVK-208")
    stage(story, days(15), "GRA-0142", "RVS-GRA-LS", *raw)
    use_up(story, days(14) + hours(20), "GRA-0142", *raw)
    make(story, days(14) + hours(10), "GRA-0142", "G0142", "200", "RVS-COM-BUF", "COM-0142")
    stage(story, days(14), "COM-0142", "RVS-COM-LS", "RM-1004/MG-0031")
    use_up(story, days(13) + hours(20), "COM-0142", "WP-4001/G0142", "RM-1004/MG-0031")
    make(story, days(13) + hours(12), "COM-0142", "T0142", "300000", "RVS-PAC-BUF", "PAC-0142")
    packaging = ("PK-3001/V-310", "PK-3002/F-118", "PK-3003/K-2207", "PK-3004/L-0907")
    stage(story, days(12) + hours(20), "PAC-0142", "RVS-PAC-LS", *packaging)
    use_up(story, days(12) + hours(16), "PAC-0142", "WP-4002/T0142", *packaging)
    make(story, days(12), "PAC-0142", "P0142", "14880", "RVS-WH-F1")
    complete(story, days(11), "GRA-0142", "COM-0142", "PAC-0142")
    tests: list[Row] = [
        {"lot": "FG-5001/P0142", "characteristic": "Dissolution, 30 min", "value": "94",
         "unit": "%", "lower": "80"},
        {"lot": "FG-5001/P0142", "characteristic": "Uniformity of mass", "value": "conforms"},
        *passing("FG-5001/P0142"),
    ]  # fmt: skip
    story.do("record_inspection", "lab", days(9), *tests)
    story.sign(
        "release", days(8), "Batch record reviewed, all results in", {"lot": "FG-5001/P0142"}
    )


def _pallets(story: Story) -> None:
    """Batch 0142 on six pallets, brought to the distribution centre."""
    story.do("sample", "lab", days(10), {"lot": "FG-5001/P0142", "quantity": "40",
             "reason": "Retained samples"})  # fmt: skip
    story.do(
        "new_container", "operator", days(10),
        *({"code": code, "location": "RVS-WH-F1", "kind": "pallet", "sscc": sscc_of(number)}
          for number, code in enumerate(PALLETS, start=1)),
    )  # fmt: skip
    story.do(
        "pack", "operator", days(10),
        *({"lot": "FG-5001/P0142", "container": code, "quantity": "2400"} for code in PALLETS),
    )  # fmt: skip
    story.do(
        "move_container", "operator", days(7),
        *({"container": code, "target": f"HBR-R{number}"}
          for number, code in zip((1, 1, 2, 2, 3, 4), PALLETS, strict=True)),
    )  # fmt: skip


def _batch_under_way(story: Story) -> None:
    """Batch 0143: the granulate waits for compression; packing is reserved."""
    for reference, needed in (("GRA-0143", -1), ("COM-0143", 1), ("PAC-0143", 3)):
        plan(story, days(6), reference, days(needed))
    raw = ("RM-1001/A24-0711", "RM-1002/C-5519", "RM-1003/PVK-208")
    stage(story, days(1) + hours(12), "GRA-0143", "RVS-GRA-LS", *raw)
    use_up(story, days(1) + hours(8), "GRA-0143", *raw)
    make(story, hours(5), "GRA-0143", "G0143", "200", "RVS-COM-BUF", "COM-0143")
    complete(story, hours(4), "GRA-0143")
    story.do("allocate", "supervisor", hours(4), {"demand": "PAC-0143"})


def _batches_to_come(story: Story) -> None:
    """Batch 0144 is kitted and ready to start; 0145 is planned, and partly reserved."""
    plan(story, days(4), "GRA-0144", hours(6))
    kit = ("RM-1001/A24-0711", "RM-1002/C-5519", "RM-1003/PVK-208")
    story.do("allocate", "supervisor", days(1), {"demand": "GRA-0144"})
    stage(story, hours(7), "GRA-0144", "RVS-KIT-1", *kit[:2])
    stage(story, hours(6), "GRA-0144", "RVS-KIT-1", kit[2])
    plan(story, days(2), "GRA-0145", days(4))
    story.do("allocate", "supervisor", days(1), {"demand": "GRA-0145", "lot": "RM-1002/C-5560"})
    plan(story, days(2), "GRA-0146", days(7))


def _nasal_spray(story: Story) -> None:
    """Batch 0061 is on the filling line; the solution of 0062 has waited too long for it."""
    for reference, needed in (
        ("MIX-0061", -hours(30)), ("NAS-0061", hours(4)),
        ("MIX-0062", -hours(20)), ("NAS-0062", hours(20)),
    ):  # fmt: skip
        plan(story, days(5), reference, needed)
    stock = ("RM-1010/S-1200", "RM-1011/X-77")
    parts = ("CO-2001/B-9001", "CO-2002/P-411", "PK-3005/N-0140")
    stage(story, hours(36), "MIX-0061", "RVS-MIX-LS", *stock)
    use_up(story, hours(34), "MIX-0061", *stock)
    make(story, hours(26), "MIX-0061", "S0061", "500", "RVS-FIL-BUF", "NAS-0061")
    stage(story, hours(25), "MIX-0062", "RVS-MIX-LS", *stock)
    use_up(story, hours(24), "MIX-0062", *stock)
    make(story, hours(16), "MIX-0062", "S0062", "500", "RVS-FIL-BUF", "NAS-0062")
    complete(story, hours(15), "MIX-0061", "MIX-0062")
    stage(story, hours(9), "NAS-0061", "RVS-FIL-LS", *parts)
    story.do(
        "issue", "operator", hours(8),
        *({"demand": "NAS-0061", "lot": lot} for lot in ("WP-4003/S0061", *parts)),
    )  # fmt: skip
    story.do(
        "consume", "operator", hours(3),
        {"demand": "NAS-0061", "lot": "WP-4003/S0061", "quantity": "200"},
        *({"demand": "NAS-0061", "lot": lot, "quantity": "9600"} for lot in parts),
    )  # fmt: skip
    make(story, hours(2), "NAS-0061", "N0061-A", "9600", "RVS-QC")
    stage(story, hours(2), "NAS-0062", "RVS-FIL-LS", "CO-2001/B-9002")


def _cancelled(story: Story) -> None:
    """A batch cancelled after its kit was staged: what stands there waits to be put back."""
    plan(story, days(3), "GRA-0141", hours(30))
    stage(story, days(2), "GRA-0141", "RVS-KIT-2", "RM-1002/C-5560")
    story.do(
        "cancel_demand", "supervisor", days(1),
        {"demand": "GRA-0141", "reason": "Campaign moved to next month"},
    )  # fmt: skip


def _put_forward(story: Story) -> None:
    """Compression of 0143 is wanted sooner, after its granulate was staged."""
    story.do(
        "change_demand", "supervisor", hours(2),
        {"demand": "COM-0143", "needed_at": hours(14), "reason": "Press is free a shift earlier"},
    )  # fmt: skip
