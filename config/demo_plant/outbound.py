"""Shipments from the distribution centre."""

from datetime import timedelta

from config.demo_plant.inbound import NEBULISERS
from config.demo_plant.story import Row, Story, days, hours

TABLETS = "FG-5001/P0142"


def tell(story: Story) -> None:
    _shipped(story)
    _on_the_truck(story)
    _in_the_lanes(story)
    _planned(story)
    _rerouted(story)


def order(
    story: Story, ago: timedelta, reference: str, customer: str, needed: timedelta,
    route: str, carrier: str, *needs: tuple[str, str],
) -> None:  # fmt: skip
    """Create a shipment's demand; `needed` counts from now, ahead."""
    story.do(
        "create_demand", "integrator", ago,
        {
            "reference": reference, "kind": "shipment", "site": "HBR", "needed_at": needed,
            "customer": customer, "route": route, "carrier": carrier,
            "requirements": [{"material": m, "quantity": q} for m, q in needs],
        },
    )  # fmt: skip


def stage_pallet(story: Story, ago: timedelta, demand: str, lane: str, pallet: str) -> None:
    row: Row = {"demand": demand, "lot": TABLETS, "lane": lane, "container": pallet}
    story.do("stage", "operator", ago, row)


def _shipped(story: Story) -> None:
    order(story, days(8), "SHP-88101", "CUS-MEDIX", -days(5), "North loop", "Nordfreight",
          ("FG-5001", "2400"), ("FG-6001", "2"))  # fmt: skip
    stage_pallet(story, days(6), "SHP-88101", "HBR-LANE-1", "PAL-0142-1")
    pieces: list[Row] = [{"demand": "SHP-88101", "lot": lot} for lot in NEBULISERS[:2]]
    story.do("stage", "operator", days(6), *(row | {"lane": "HBR-LANE-1"} for row in pieces))
    goods = [{"demand": "SHP-88101", "lot": TABLETS}, *pieces]
    story.do("load", "operator", days(5) + hours(4),
             *(row | {"vehicle": "HBR-TRUCK-1"} for row in goods))  # fmt: skip
    story.do("ship", "operator", days(5) + hours(3), *goods)
    story.do("complete_demand", "supervisor", days(5),
             {"demand": "SHP-88101", "reason": "Signed delivery note is back"})  # fmt: skip


def _on_the_truck(story: Story) -> None:
    order(story, days(3), "SHP-88102", "CUS-STMARY", hours(2), "City", "Nordfreight",
          ("FG-5001", "2400"), ("FG-6001", "1"))  # fmt: skip
    stage_pallet(story, hours(8), "SHP-88102", "HBR-LANE-1", "PAL-0142-2")
    story.do("stage", "operator", hours(7),
             {"demand": "SHP-88102", "lot": NEBULISERS[2], "lane": "HBR-LANE-1"})  # fmt: skip
    story.do("load", "operator", hours(1),
             {"demand": "SHP-88102", "lot": TABLETS, "vehicle": "HBR-TRUCK-1"})  # fmt: skip


def _in_the_lanes(story: Story) -> None:
    """One ready, one overdue and past its dwell limit, one begun."""
    order(story, days(2), "SHP-88103", "CUS-NORTH", hours(5), "West", "Kestrel Cargo",
          ("FG-5001", "2400"))  # fmt: skip
    stage_pallet(story, hours(3), "SHP-88103", "HBR-LANE-2", "PAL-0142-3")
    order(story, days(4), "SHP-88100", "CUS-MEDIX", -hours(3), "North loop", "Nordfreight",
          ("FG-5001", "4800"))  # fmt: skip
    stage_pallet(story, hours(15), "SHP-88100", "HBR-LANE-3", "PAL-0142-4")
    order(story, days(1), "SHP-88104", "CUS-STMARY", hours(26), "City", "Kestrel Cargo",
          ("FG-6001", "3"))  # fmt: skip
    piece: Row = {"demand": "SHP-88104", "lot": NEBULISERS[3]}
    story.do("stage", "operator", hours(4), piece | {"lane": "HBR-LANE-1"})
    story.do("transfer", "operator", hours(2), piece | {"target": "HBR-LANE-2"})


def _planned(story: Story) -> None:
    order(story, hours(20), "SHP-88105", "CUS-NORTH", days(3), "West", "Kestrel Cargo",
          ("FG-5001", "1200"), ("FG-5002", "6000"))  # fmt: skip
    story.do("allocate", "supervisor", hours(19),
             {"demand": "SHP-88105", "lot": TABLETS, "source": "HBR-R4"})  # fmt: skip
    order(story, days(6), "SHP-88099", "CUS-NORTH", -days(1), "West", "Kestrel Cargo",
          ("FG-5002", "1200"))  # fmt: skip
    story.do("cancel_demand", "supervisor", days(2),
             {"demand": "SHP-88099", "reason": "Customer withdrew the order"})  # fmt: skip


def _rerouted(story: Story) -> None:
    """Another carrier fetches what is staged already, on another route."""
    row: Row = {"demand": "SHP-88103", "route": "West, night run", "carrier": "Nordfreight",
                "reason": "Kestrel Cargo has no lorry today"}  # fmt: skip
    story.do("change_demand", "integrator", hours(1), row)
