"""What keeps people busy: holds, counts, corrections, alerts."""

from config.demo_plant.story import Row, Story, days, hours
from inventory.models import Movement, MovementKind
from quality.models import Hold
from staging.models import Alert, AlertReason

STEARATE = "RM-1004/MG-0031"
FOIL = "PK-3002/F-118"


def tell(story: Story) -> None:
    _lifted_hold(story)
    _open_holds(story)
    _corrections(story)


def _lifted_hold(story: Story) -> None:
    placed: Row = {"lot": FOIL, "reason": "Print faint on the first metres"}
    lifted: Row = {"hold": lambda: Hold.objects.get(lot__code=FOIL)}
    scrapped: Row = {"lot": FOIL, "quantity": "30", "reason": "Faint print"}
    story.do("place_hold", "qa", days(9), placed)
    story.do("scrap", "supervisor", days(7), scrapped)
    found = "Only the leader was faint; cut off and scrapped"
    story.sign("lift_hold", days(7) - hours(1), found, lifted)


def _open_holds(story: Story) -> None:
    """On a lot that is staged, to be pulled; on one that was reserved; on a bay; on a pallet."""
    lot: Row = {"lot": "RM-1003/PVK-208", "reason": "Supplier reports a labelling error"}
    bay: Row = {"location": "RVS-WH-A4", "reason": "Temperature logger reads 31 °C"}
    pallet: Row = {"container": "PAL-0142-5", "reason": "Pallet struck by a fork-lift"}
    story.do("place_hold", "operator", hours(20), pallet)
    story.do("place_hold", "qa", hours(12), bay)
    story.do("place_hold", "qa", hours(2), lot)
    reserved: Row = {"lot": "RM-1002/C-5560", "reason": "Seals of two drums are broken"}
    story.do("place_hold", "operator", hours(1), reserved)


def _corrections(story: Story) -> None:
    counted: Row = {
        "lot": "PK-3004/L-0907", "location": "RVS-WH-B3", "quantity": "64500",
        "reason": "Cycle count: one bundle missing",
    }  # fmt: skip
    undone: Row = {
        "movement": lambda: Movement.objects.get(kind=MovementKind.MOVE, lot__code=STEARATE),
        "reason": "Scanned the wrong bay",
    }
    story.do("adjust", "supervisor", days(2), counted)
    story.do("move", "operator", days(4), {"lot": STEARATE, "target": "RVS-WH-A2"})
    story.do("reverse", "operator", days(4) - hours(1), undone)


def acknowledge(story: Story) -> None:
    """Somebody has taken up what is overdue."""
    late = Alert.objects.filter(reason=AlertReason.NEXT_STEP_OVERDUE)
    row: Row = {
        "alert": lambda: late.latest("pk"),
        "reason": "Carrier is late; the dock is informed",
    }
    story.do("acknowledge", "supervisor", hours(0), row)
