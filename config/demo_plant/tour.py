"""The quick tour: something that goes stale while the reader watches.

One lane whose times are minutes, so that what stands there warns right after the demo has started
and goes up to the supervisor a minute later. From there on it is the clock's and the reader's.
"""

from datetime import datetime, timedelta

from config.demo_plant.master import PLANT
from config.demo_plant.story import Story, days, hours
from inventory.actions import save_master
from inventory.models import Site
from staging.models import AlertReason, AlertRule, Demand, StagedStock

LANE, DEMAND, LOT = "RVS-PAC-TOUR", "TOUR-1", "PK-3004/L-0907"
WARNS_AFTER = timedelta(minutes=1)
"""The shortest that a dwell policy can say, and a rule for alerts."""

WARNS_IN = timedelta(seconds=20)
"""How long after the start, so that there is time to sign in and look at the lane."""

WHY = "Demo: minutes instead of hours, so that the quick tour sees it"


def install(story: Story) -> None:
    """Warnings at the plant go up within a minute. The policy of the lane is with the others."""
    general = AlertRule.objects.get(reason=AlertReason.DWELL_WARNING, site=None)
    kept = {
        field.attname: getattr(general, field.attname)
        for field in AlertRule._meta.concrete_fields
        if not field.primary_key
    }
    rule = AlertRule(**kept | {
        "site_id": Site.objects.get(code=PLANT).pk,
        "escalate_after": WARNS_AFTER,
        "escalate_again_after": None,
    })  # fmt: skip
    save_master(rule, by=story.actor("supervisor"), at=story.now - days(59), reason=WHY)


def begin(now: datetime) -> None:
    """Stage it anew at each start of the demo, unless it still stands there from the last one."""
    if StagedStock.objects.filter(location__code=LANE).exists():
        return
    story = Story(now)
    if not Demand.objects.filter(reference=DEMAND).exists():
        story.do(
            "create_demand", "supervisor", hours(1),
            {
                "reference": DEMAND, "kind": "production", "site": PLANT, "needed_at": days(30),
                "work_center": "RVS-PAC", "product": "FG-5001",
                "requirements": [{"material": "PK-3004", "quantity": "500"}],
            },
        )  # fmt: skip
    ago = WARNS_AFTER - WARNS_IN
    row = {"demand": DEMAND, "lot": LOT, "lane": LANE, "quantity": "50"}
    story.do("stage", "operator", ago, row)
    story.play()
