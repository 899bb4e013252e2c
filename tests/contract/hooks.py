"""Webhooks for the operations about them: one whose receiver cannot be reached, and a letter."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from integration.models import Subscription
from integration.webhooks import actions, delivering
from tests.plant import Plant

NAME = "MES"
URL = "https://mes.invalid/forestage"
"""No name ends like that (RFC 2606): nothing is ever sent to anybody."""


def failing(plant: Plant) -> Subscription:
    """A receiver to which the first event was sent in vain."""
    row, _secret = actions.subscribe(
        name=NAME, url=URL, types=[], sites=[], contact="", by=plant.operator, at=plant.now
    )
    plant.lot(1)
    assert row.pk in delivering.due(timezone.now())
    delivering.deliver(row.pk)
    row.refresh_from_db()
    assert row.failing_event
    return row


def dead_letter(plant: Plant) -> Subscription:
    """One of which that event was set aside."""
    row = failing(plant)
    actions.set_aside(subscription=row, reason="not theirs", by=plant.operator, at=timezone.now())
    return row


def _disabled(plant: Plant) -> Subscription:
    row = failing(plant)
    return actions.disable(subscription=row, reason="moved", by=plant.operator, at=plant.now)


DONE: dict[str, tuple[Callable[[Plant], Any], dict[str, Any]]] = {
    "webhooks_create": (
        lambda _plant: None,
        {"name": NAME, "url": URL, "types": ["forestage.hold.*"], "contact": "mes@example.com"},
    ),
    "webhooks_partial_update": (
        failing,
        {
            "url": "https://wms.invalid/forestage",
            "types": ["forestage.movement.*", "forestage.alert.*"],
            "alert_severity": "critical",
            "alert_level": 2,
        },
    ),
    "webhooks_rotate_secret_create": (failing, {"overlap_hours": 48}),
    "webhooks_disable_create": (failing, {"reason": "The MES is replaced"}),
    "webhooks_enable_create": (_disabled, {"reason": "It is back", "resume": "next"}),
    "webhooks_try_now_create": (failing, {}),
    "webhooks_set_aside_create": (failing, {"reason": "The MES does not know the material"}),
    "webhooks_replay_create": (failing, {"reason": "It was restored", "after": 0}),
    "webhooks_test_create": (failing, {}),
    "webhook_dead_letters_send_again_create": (dead_letter, {}),
}
"""What has to be there before each, and what it is sent."""


def body(operation_id: str) -> Callable[[Plant], dict[str, Any]]:
    """Makes what has to be there, and says what is sent."""
    before, sent = DONE[operation_id]

    def made(plant: Plant) -> dict[str, Any]:
        before(plant)
        return sent

    return made
