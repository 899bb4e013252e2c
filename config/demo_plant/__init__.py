"""The plant of the demo: people, places, materials, and some weeks of work.

A small maker of tablets and nasal spray: a plant that granulates, compresses, fills and packs, and
a distribution centre that ships. Nothing is written past the actions, so the ledger, the audit
trail and the alerts are what the same work by hand would have left.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from config.demo_plant import (
    dwell,
    history,
    inbound,
    master,
    near_misses,
    outbound,
    people,
    plans,
    production,
    snags,
    tour,
    trouble,
)
from config.demo_plant.story import Story
from inventory.models import Site
from staging.alerting import clock


def build(now: datetime) -> bool:
    """Bring the demo's accounts and, if there is none yet, its plant up. Says if it was built.

    What the quick tour looks at is staged at each start.
    """
    people.install()
    built = not Site.objects.filter(code=master.PLANT).exists()
    if built:
        _build(now)
    with transaction.atomic():
        tour.begin(timezone.now())
    return built


def _build(now: datetime) -> None:
    with transaction.atomic():
        story = Story(now)
        master.install(story)
        plans.install(story)
        dwell.install(story)
        tour.install(story)
        inbound.tell(story)
        production.tell(story)
        outbound.tell(story)
        trouble.tell(story)
        snags.tell(story)
        near_misses.tell(story)
        history.tell(story)
        story.play()
        plans.certify(story)
        clock.sweep(by=story.actor("system"), at=timezone.now())
        trouble.acknowledge(story)
        story.play()
