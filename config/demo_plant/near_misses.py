"""What was tried and refused: a few of the near-misses that any plant has."""

from config.demo_plant.story import Story, hours


def tell(story: Story) -> None:
    kit = {"demand": "GRA-0145", "lane": "RVS-KIT-2"}
    story.fail(
        "stage", "operator", hours(16), kit | {"lot": "RM-1001/A24-0930"}, code="lot_quarantine"
    )
    story.fail("stage", "operator", hours(14), kit | {"lot": "RM-1002/C-5602"}, code="lot_rejected")
    story.fail(
        "stage", "integrator", hours(1), kit | {"lot": "RM-1003/PVK-208"}, code="lot_on_hold"
    )
    too_much = {"lot": "RM-1004/MG-0031", "target": "RVS-WH-A2", "quantity": "5000"}
    story.fail("move", "operator", hours(3), too_much, code="not_enough")
