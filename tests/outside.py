"""What other systems leave in the admin: their names for things, webhooks, deliveries, captures."""

import json
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integration.models import (
    CapturedEvent,
    CaptureJob,
    Delivery,
    ExternalId,
    Outcome,
    Parcel,
    ParcelKind,
    Subscription,
)
from integration.webhooks import actions
from inventory.audit import Actor
from inventory.models import Material

TYPE = "forestage.hold.placed"


def outside(by: Actor) -> dict[str, Any]:
    """A webhook that has failed, with its log and a dead letter; a capture with errors, one
    without; a name. By what pages are named by."""
    webhook = _webhook(by)
    return {
        "webhook": webhook,
        "delivery": _delivery(webhook),
        "letter": _letter(webhook),
        "job": _jobs(by),
        "captured": CapturedEvent.objects.latest("pk"),
        "external": ExternalId.objects.create(
            source="SAP-P01",
            identifier="000000000012345678",
            kind="material",
            material=Material.objects.earliest("pk"),
        ),
    }


def _webhook(by: Actor) -> Subscription:
    at = timezone.now()
    made, _secret = actions.subscribe(
        name="MES, line 3", url="https://198.35.26.96/hooks/forestage", types=[TYPE], sites=[],
        contact="mes@plant.example", by=by, at=at,
    )  # fmt: skip
    made.failing_since, made.failing_event, made.attempts = at, _event(2), 3
    made.next_attempt_at = at + timedelta(minutes=30)
    made.save()
    return made


def _event(number: int) -> str:
    return f"movement:019a4c2e-7d1b-7c3e-9f00-{number:012d}"


def _delivery(webhook: Subscription) -> Delivery:
    at = timezone.now()
    line = {"subscription": webhook, "type": TYPE, "address": "198.35.26.96", "at": at}
    taken = {"event": _event(1), "attempt": 1, "outcome": Outcome.TAKEN, "status": 204}
    Delivery.objects.create(**line, **taken, position=1, milliseconds=84)
    return Delivery.objects.create(
        **line, event=_event(2), position=2, attempt=3, outcome=Outcome.FAILED, status=503,
        error="The receiver answered 503.", answer="<html><h1>Service Unavailable</h1></html>",
        milliseconds=15_000, next_attempt_at=at + timedelta(minutes=30),
    )  # fmt: skip


def _letter(webhook: Subscription) -> Parcel:
    return Parcel.objects.create(
        subscription=webhook, kind=ParcelKind.DEAD, event=_event(0), type=TYPE, position=0,
        body=json.dumps({"specversion": "1.0", "type": TYPE, "data": {"lot": "RM-1001/A24-0711"}}),
        created_at=timezone.now(), error="The receiver answered 503.",
    )  # fmt: skip


def _jobs(by: Actor) -> CaptureJob:
    at = timezone.now()
    told = {"user": by.user, "digest": "9f" * 32, "events": 2, "created_at": at, "claimed_at": at}
    clean = CaptureJob.objects.create(**told, captured=2, finished_at=at)
    CapturedEvent.objects.create(
        key="a1" * 32, event_id="urn:uuid:8ab9a4d4-9c1c-4b9a-8c3f-0d3f2b1f2a10", content="b2" * 32,
        event={"type": "ObjectEvent", "bizStep": "shipping", "readPoint": {"id": "urn:x:dock"}},
        verb="ship", job=clean, captured_at=at,
    )  # fmt: skip
    error = {
        "event": 1, "field": "bizLocation", "code": "unknown_code",
        "detail": "There is no location https://id.gs1.org/414/4012345000023.",
        "hint": "Enter the GLN at the location, or name another place.",
    }  # fmt: skip
    return CaptureJob.objects.create(**told, errors=[error], finished_at=at)
