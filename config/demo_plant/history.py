"""Eight weeks of ordinary work, so that the numbers have something to say.

Trial batches of granulate, and wholesale orders from a bulk lot. All of it is used up or shipped:
of what is told elsewhere it changes nothing.
"""

from datetime import timedelta

from config.demo_plant.inbound import passing
from config.demo_plant.production import complete
from config.demo_plant.story import Row, Story, days, hours

LACTOSE, BULK = "RM-1005/LAC-71", "FG-5001/P0120"
ROUNDS = 14
BATCH, ORDER = 25, 2400
"""Kilograms of lactose in a trial batch; packs in an order."""

STOOD = (3, 5, 2, 9, 4, 6, 13, 3, 7, 1, 5, 10, 4, 6)
"""Hours that each kit stood before it was used."""

SPARE = (4, 6, 3, 7, -1, 8, 5, 4, -3, 2, 6, 11, 5, 7)
"""Hours by which each was staged before it was needed; below zero, too late."""

CUSTOMERS = ("CUS-MEDIX", "CUS-STMARY", "CUS-NORTH")


def tell(story: Story) -> None:
    _stock(story)
    _demands(story)
    for number in range(ROUNDS):
        _batch(story, number)
        _shipment(story, number)
    done = [name for number in range(ROUNDS) for name in _names(number)]
    complete(story, hours(36), *done)


def _names(number: int) -> tuple[str, str, str]:
    """The references of a trial batch's two steps and of an order."""
    return f"TRG-{number:04}", f"TRC-{number:04}", f"SHP-870{number:02}"


def _began(number: int) -> timedelta:
    """How long ago a round began: one every four days, at changing hours."""
    return days(54) - days(3.75) * number + hours(number % 5)


def _stock(story: Story) -> None:
    received: list[Row] = [
        {"material": "RM-1005", "number": "LAC-71", "quantity": str(BATCH * ROUNDS),
         "location": "RVS-WH-A4", "supplier": "SUP-ALDER", "made_on": -120},
        {"material": "FG-5001", "number": "P0120", "quantity": str(ORDER * ROUNDS),
         "location": "HBR-R1", "supplier": "SUP-PACKWELL", "made_on": -90},
    ]  # fmt: skip
    story.do("receive", "operator", days(57), *received)
    story.do("record_inspection", "lab", days(56), *passing(BULK))
    story.sign(
        "release", days(56) - hours(2), "Packed under contract, all papers in", {"lot": BULK}
    )


def _demands(story: Story) -> None:
    rows: list[Row] = []
    for number in range(ROUNDS):
        granulation, compression, order = _names(number)
        needed = -(_began(number) - hours(SPARE[number]))
        rows += [
            {"reference": granulation, "kind": "operation", "site": "RVS", "needed_at": needed,
             "work_center": "RVS-GRA", "product": "WP-4001",
             "requirements": [{"material": "RM-1005", "quantity": str(BATCH)}]},
            {"reference": compression, "kind": "operation", "site": "RVS",
             "needed_at": needed + hours(STOOD[number] * 2 + 3), "work_center": "RVS-COM",
             "requirements": [{"material": "WP-4001", "quantity": str(BATCH)}]},
            {"reference": order, "kind": "shipment", "site": "HBR", "needed_at": needed + hours(2),
             "customer": CUSTOMERS[number % 3], "route": "North loop", "carrier": "Nordfreight",
             "requirements": [{"material": "FG-5001", "quantity": str(ORDER)}]},
        ]  # fmt: skip
    story.do("create_demand", "supervisor", days(56), *rows)


def _batch(story: Story, number: int) -> None:
    """Lactose staged, granulated, and the granulate used up at the tablet press."""
    granulation, compression, _order = _names(number)
    began, stood = _began(number), hours(STOOD[number])
    kit: Row = {"demand": granulation, "lot": LACTOSE}
    if number % 4 == 1:  # somebody wanted more than the batch takes
        story.fail(
            "stage", "operator", began + hours(1),
            kit | {"lane": "RVS-GRA-LS", "quantity": "200"}, code="more_than_required",
        )  # fmt: skip
    story.do("stage", "operator", began, kit | {"lane": "RVS-GRA-LS"})
    story.do("issue", "operator", began - stood, kit)
    story.do("consume", "operator", began - stood - hours(1), kit)
    made: Row = {
        "demand": granulation, "number": f"GT{number:02}", "quantity": str(BATCH),
        "location": "RVS-COM-BUF", "next_demand": compression,
    }  # fmt: skip
    story.do("produce", "operator", began - stood - hours(2), made)
    granulate: Row = {"demand": compression, "lot": f"WP-4001/GT{number:02}"}
    story.do("issue", "operator", began - stood * 3 - hours(2), granulate)
    story.do("consume", "operator", began - stood * 3 - hours(4), granulate)


def _shipment(story: Story, number: int) -> None:
    """An order staged in one of the lanes, loaded and shipped."""
    *_batch, order = _names(number)
    began, goods = _began(number) - hours(1), {"demand": order, "lot": BULK}
    lane = f"HBR-LANE-{number % 3 + 1}"
    if number % 5 == 2:  # or more than was ordered
        wrong = goods | {"lane": lane, "quantity": str(ORDER * 2)}
        story.fail("stage", "operator", began + hours(1), wrong, code="more_than_required")
    story.do("stage", "operator", began, goods | {"lane": lane})
    loaded = began - hours(STOOD[-number - 1])
    story.do("load", "operator", loaded, goods | {"vehicle": f"HBR-TRUCK-{number % 2 + 1}"})
    story.do("ship", "operator", loaded - hours(1), goods)
