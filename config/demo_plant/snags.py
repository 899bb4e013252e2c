"""The snags of a plant that is well kept: one or two of a kind, beside work that goes as it should.

Each is there to be seen as an alert of its own reason; what quality and carriers add to it, others
tell (`trouble`, `outbound`).
"""

from config.demo_plant.production import plan, stage
from config.demo_plant.story import Row, Story, days, hours

REOPENED, REJECTED, FOUND = "WP-4002/T0129", "PK-3003/K-2198", "CO-2002/P-411"


def tell(story: Story) -> None:
    _rest_of_a_batch(story)
    _trial(story)
    _half_a_batch(story)
    _next_spray(story)


def order(
    story: Story, reference: str, kind: str, place: str, product: str, needed: float,
    *needs: tuple[str, str],
) -> None:  # fmt: skip
    """Create a demand of the plant that no usual step makes; `needed` in hours from now."""
    story.do(
        "create_demand", "supervisor", days(2),
        {
            "reference": reference, "kind": kind, "site": "RVS", "needed_at": hours(needed),
            "work_center": place, "product": product,
            "requirements": [{"material": m, "quantity": q} for m, q in needs],
        },
    )  # fmt: skip


def _rest_of_a_batch(story: Story) -> None:
    """Bulk tablets are put back into quarantine in their buffer; a lot of cartons is rejected."""
    order(story, "PAC-0129", "production", "RVS-PAC", "FG-5001", 40,
          ("WP-4002", "60000"), ("PK-3003", "3000"), ("PK-3001", "500"))  # fmt: skip
    stage(story, hours(20), "PAC-0129", "RVS-PAC-BUF", REOPENED)
    stage(story, hours(4.5), "PAC-0129", "RVS-PAC-LS", REJECTED, "PK-3001/V-310")
    story.sign("reopen", hours(3), "Metal detector failed its check", {"lot": REOPENED})
    story.sign("reject", hours(1), "Batch code prints too faint to be read", {"lot": REJECTED})


def _trial(story: Story) -> None:
    """Lactose for a trial, as it should be."""
    order(story, "TRG-0020", "operation", "RVS-GRA", "WP-4001", 20, ("RM-1005", "25"))
    stage(story, hours(13), "TRG-0020", "RVS-KIT-2", "RM-1005/LAC-95")


def _half_a_batch(story: Story) -> None:
    """A batch was made smaller after its cellulose had been kitted."""
    plan(story, days(2), "GRA-0148", days(2))
    stage(story, hours(10), "GRA-0148", "RVS-KIT-2", "RM-1002/C-5519")
    less: list[Row] = [
        {"material": "RM-1001", "quantity": "100"}, {"material": "RM-1002", "quantity": "30"},
        {"material": "RM-1003", "quantity": "6"},
    ]  # fmt: skip
    story.do(
        "change_demand", "supervisor", hours(3),
        {"demand": "GRA-0148", "requirements": less, "reconcile": True,
         "reason": "Two thirds of a batch are ordered"},
    )  # fmt: skip


def _next_spray(story: Story) -> None:
    """Parts for batch 0063 came to the line beside those of 0062; a box stood there already."""
    plan(story, days(2), "NAS-0063", hours(30))
    parts = ("CO-2001/B-9010", "CO-2002/P-405", "PK-3005/N-0155")
    stage(story, hours(2), "NAS-0063", "RVS-FIL-LS", *parts)
    story.do(
        "adjust", "supervisor", hours(1),
        {"lot": FOUND, "location": "RVS-FIL-LS", "quantity": "4000",
         "reason": "Found at the line, nobody knows what for"},
    )  # fmt: skip
