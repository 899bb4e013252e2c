"""Scans kept without a network: carried out in order, each once, and what is refused waits."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import AuditEntry, Container, IdempotencyKey, Movement, RefusedAttempt
from quality.models import Hold
from staging import actions as staging
from staging.models import Demand
from tests.factories import UserFactory
from tests.plant import Plant
from tests.test_guided import floor, pallet, staged

__all__ = ["floor"]

pytestmark = pytest.mark.django_db

STATEMENTS_OF_A_STEP = 42
"""Of a whole request that stages one pallet by three scans."""


class Device:
    """Somebody's device: every scan has a key, and a time a minute after the one before."""

    def __init__(self, client: Client, plant: Plant, user: Any = None) -> None:
        self.client, self.plant, self.made = client, plant, 0
        self.user = user or plant.operator.user
        self.began = plant.now - timedelta(hours=2)

    def scans(self, *texts: str, at: datetime | None = None) -> list[dict[str, str]]:
        lanes = {"L1": self.plant.l1.code, "L2": self.plant.l2.code}
        kept = []
        for text in (lanes.get(text, text) for text in texts):
            self.made += 1
            when = at or self.began + timedelta(minutes=self.made)
            kept.append({"key": f"scan-{self.made}", "at": when.isoformat(), "scan": text})
        return kept

    def post(self, path: str, scans: Any, **more: Any) -> Any:
        body = {"user": str(self.user.pk), "given": {}, "scans": scans} | more
        return self.client.post(path, body, content_type="application/json")

    def send(self, flow: str, scans: Any, **more: Any) -> Any:
        answer = self.post(f"/guided/{flow}/kept/", scans, **more)
        assert answer.status_code == 200, answer.content
        self.said = answer.json()
        return [part["fate"] for part in self.said["parts"]]

    def part(self, number: int) -> Any:
        return self.said["parts"][number]


@pytest.fixture
def device(plant: Plant, floor: Client) -> Device:
    return Device(floor, plant)


def pallets(plant: Plant, *codes: str) -> Demand:
    """A pallet of 10 each, and an order for all of them."""
    material = plant.material()
    for code in codes:
        pallet(plant, code, plant.lot(10, material=material))
    return plant.order((material, 10 * len(codes)), reference="PO-1")


def test_in_order_each_once_and_at_its_own_time(plant: Plant, device: Device) -> None:
    order = pallets(plant, "PAL-1", "PAL-2", "PAL-3")
    scans = device.scans("PO-1", "PAL-1", "L1", "PAL-2", "L2", "PAL-3")
    assert device.send("stage", scans) == ["done", "done", "unfinished"]
    assert [place for _lot, place, _quantity in staged(plant, order)] == [
        plant.l1.code,
        plant.l2.code,
    ]
    moved = Movement.objects.filter(kind="stage").order_by("pk")
    assert [row.occurred_at for row in moved] == [
        datetime.fromisoformat(scans[number]["at"]) for number in (2, 4)
    ]
    assert all(row.recorded_at > row.occurred_at + timedelta(hours=1) for row in moved)
    # The pallet without a lane is known where a person goes on.
    assert device.said["url"] == "/guided/stage/?demand=PO-1&container=PAL-3"
    assert device.said["after"] == {"demand": "PO-1", "container": "PAL-3"}

    # The answer was lost: the same again has no second effect, and says the same.
    texts = device.part(0)["texts"]
    assert device.send("stage", scans) == ["repeated", "repeated", "unfinished"]
    assert device.part(0)["texts"] == texts
    assert Movement.objects.filter(kind="stage").count() == 2
    assert not RefusedAttempt.objects.exists()
    # Each can be undone from the list of the visit.
    done = device.client.get("/guided/stage/").context["done"]
    assert [entry["undoable"] for entry in done] == [True, True]


def test_what_the_page_had_sent_already_is_not_done_again(plant: Plant, device: Device) -> None:
    """The answer to the last scan before the network went never came: its key is the page's."""
    pallets(plant, "PAL-1", "PAL-2")
    given = {"demand": "PO-1", "container": "PAL-1"}
    page = device.client.post("/guided/stage/", given | {"scan": plant.l1.code, "key": "page-key"})
    assert page.status_code == 302
    first = device.scans("L1")[0] | {"key": "page-key"}
    scans = [first, *device.scans("PAL-2", "L1")]
    assert device.send("stage", scans, given=given) == ["repeated", "done"]
    assert Movement.objects.filter(kind="stage").count() == 2


def test_a_shipment_that_closed_its_demand_is_told_again(plant: Plant, device: Device) -> None:
    """Its scans can no longer be taken; that they were carried out is known all the same."""
    goods = plant.pieces()
    shipment = plant.shipment((goods, 10), reference="SHP-1")
    lot = plant.lot(10, material=goods)
    plant.stage(shipment, lot, plant.dock)
    scans = device.scans("SHP-1", lot.code)
    assert device.send("ship", scans) == ["done"]
    plant.do(staging.complete_demand, staging.DemandEnd(demand=shipment, reason="Left"))
    assert device.send("ship", [*scans, *device.scans("SHP-1")]) == ["repeated", "unread"]
    assert Movement.objects.filter(kind="ship").count() == 1


def test_a_refused_step_waits_and_what_builds_on_it_too(plant: Plant, device: Device) -> None:
    order = pallets(plant, "PAL-1", "PAL-2", "PAL-3")
    plant.hold(container=Container.objects.get(code="PAL-2"))
    scans = device.scans("PO-1", "PAL-1", "L1", "PAL-2", "L1", "PAL-3", "L1", "PAL-2", "L2")
    assert device.send("stage", scans) == ["done", "refused", "done", "held"]
    assert [place for _lot, place, _quantity in staged(plant, order)] == [plant.l1.code] * 2
    waits = device.part(1)
    assert (waits["code"], waits["given"], waits["scans"]) == ("lot_on_hold", {"demand": "PO-1"}, 2)
    assert waits["why"]
    assert waits["hint"]
    assert waits["url"].startswith("/guided/stage/?demand=PO-1")
    [attempt] = RefusedAttempt.objects.all()
    assert (attempt.verb, attempt.code) == ("staging.stage", "lot_on_hold")
    assert attempt.occurred_at == datetime.fromisoformat(scans[4]["at"])

    # In another run it is known by its marks; and once nothing waits, it is done.
    plant.lift(Hold.objects.get())
    again = device.scans("PO-1", "PAL-2", "L2")
    assert device.send("stage", again, held=waits["marks"]) == ["held"]
    assert device.send("stage", again) == ["done"]


def test_a_loose_lot_without_a_quantity_waits_for_its_demand(plant: Plant, device: Device) -> None:
    """It would take what the refused one has left open. With a quantity it is itself."""
    material = plant.material()
    bad, good = plant.lot(30, material=material), plant.lot(50, material=material)
    plant.hold(lot=bad)
    order = plant.order((material, 50), reference="PO-1")
    scans = device.scans("PO-1", bad.code, "30", "L1", good.code, "L1", good.code, "5", "L2")
    assert device.send("stage", scans) == ["refused", "held", "held"]
    other = device.scans("PO-1", good.code, "20", "L1")
    assert device.send("stage", other, held=device.part(0)["marks"]) == ["done"]
    assert staged(plant, order) == [(good.code, plant.l1.code, 20)]


@pytest.mark.parametrize(
    ("texts", "code", "bad"),
    [
        (["PO-1", "PAL-1", "NO-SUCH", "PAL-2", "L1"], "unknown_code", 2),
        (["PO-1", "PAL-1", "PAL-2", "L1"], "step_unfinished", 1),
    ],
)
def test_a_scan_that_cannot_be_followed_stops_the_rest(
    plant: Plant, device: Device, texts: list[str], code: str, bad: int
) -> None:
    pallets(plant, "PAL-1", "PAL-2", "PAL-3")
    done = device.scans("PO-1", "PAL-3", "L1")
    assert device.send("stage", [*done, *device.scans(*texts)]) == ["done", "unread"]
    part = device.part(1)
    assert (part["code"], part["bad"], part["scans"]) == (code, bad, len(texts))
    assert part["marks"] == ["*"]
    later = device.scans("PO-1", "PAL-2", "L1")
    assert device.send("stage", later, held=part["marks"]) == ["held"]
    assert Movement.objects.filter(kind="stage").count() == 1


def test_a_clock_that_runs_ahead_is_refused(plant: Plant, device: Device) -> None:
    pallets(plant, "PAL-1")
    scans = device.scans("PO-1", "PAL-1", "L1", at=plant.now + timedelta(minutes=10))
    assert device.send("stage", scans) == ["refused"]
    assert device.part(0)["code"] == "time_in_future"
    assert not Movement.objects.filter(kind="stage").exists()


def test_a_scan_older_than_the_keys_waits_for_a_person(
    plant: Plant, device: Device, settings: Any
) -> None:
    """It may have been carried out, and its key has been forgotten since."""
    settings.IDEMPOTENCY_DAYS = 1
    pallets(plant, "PAL-1", "PAL-2")
    scans = device.scans("PO-1", "PAL-1", "L1", at=plant.now - timedelta(days=1, minutes=1))
    assert device.send("stage", scans) == ["refused"]
    assert device.part(0)["code"] == "scan_too_old"
    assert not Movement.objects.filter(kind="stage").exists()
    assert device.send("stage", device.scans("PO-1", "PAL-2", "L1")) == ["done"]


def test_a_refusal_that_a_program_was_given_is_no_step_that_was_done(
    plant: Plant, device: Device
) -> None:
    pallets(plant, "PAL-1")
    scans = device.scans("PO-1", "PAL-1", "L1")
    IdempotencyKey.objects.create(user=device.user, key=scans[-1]["key"], status=409, answer={})
    assert device.send("stage", scans) == ["refused"]
    assert device.part(0)["code"] == "idempotency_key_reused"


def test_somebody_else_can_neither_send_nor_discard(plant: Plant, device: Device) -> None:
    pallets(plant, "PAL-1")
    scans = device.scans("PO-1", "PAL-1", "L1")
    device.user = UserFactory(role="operator")  # who made them; another is signed in
    for what in ("kept", "discard"):
        answer = device.post(f"/guided/stage/{what}/", scans, reason="Mistake")
        assert (answer.status_code, answer.json()["code"]) == (409, "other_user")
    assert not Movement.objects.filter(kind="stage").exists()
    assert Device(Client(), plant).post("/guided/stage/kept/", scans).status_code == 401


def test_who_may_not_is_refused_and_it_is_kept(plant: Plant, device: Device) -> None:
    device.user = UserFactory(role="qa")
    device.client.force_login(device.user)
    answer = device.post("/guided/load/kept/", device.scans("PAL-1"))
    assert (answer.status_code, answer.json()["code"]) == (409, "permission_denied")
    assert RefusedAttempt.objects.get().code == "permission_denied"


def test_a_discard_has_a_reason_and_is_recorded_once(plant: Plant, device: Device) -> None:
    pallets(plant, "PAL-1")
    scans = device.scans("PO-1", "PAL-1", "L1")
    send = lambda reason: device.post("/guided/stage/discard/", scans, reason=reason)  # noqa: E731
    assert send(" ").json()["code"] == "reason_needed"
    for _again in range(2):
        assert send("Pallet was taken back").status_code == 200
    [kept] = RefusedAttempt.objects.all()
    assert (kept.code, kept.reason) == ("scans_discarded", "Pallet was taken back")
    assert (kept.verb, kept.demand, kept.container.code) == ("staging.stage", "PO-1", "PAL-1")
    assert kept.asked["scans"] == f"PO-1, PAL-1, {plant.l1.code}"
    assert kept.occurred_at == datetime.fromisoformat(scans[-1]["at"])
    assert AuditEntry.objects.filter(batch=kept.batch, action="refused").count() == 1
    # What was carried out cannot be given up.
    device.send("stage", done := device.scans("PO-1", "PAL-1", "L1"))
    answer = device.post("/guided/stage/discard/", done, reason="Mistake")
    assert answer.json()["code"] == "carried_out"


@pytest.mark.parametrize(
    "change",
    [
        {"scans": []},
        {"scans": [{"key": "a", "at": "yesterday", "scan": "X"}]},
        {"scans": [{"key": "a", "at": "2026-01-01T10:00:00", "scan": "X"}]},
        {"scans": [{"key": "", "at": "2026-01-01T10:00:00Z", "scan": "X"}]},
        {"scans": [{"key": "a", "at": "0001-01-01T00:00:00+14:00", "scan": "X"}]},
        {"scans": [{"key": "a", "at": "2026-01-01T10:00:00Z", "scan": "X"}] * 201},
        {"given": []},
    ],
)
def test_what_no_device_sends_is_not_read(device: Device, change: Any) -> None:
    body = {"scans": device.scans("X")} | change
    answer = device.post("/guided/stage/kept/", **body)
    assert answer.status_code == 422


def test_a_long_run_is_told_in_parts(
    plant: Plant, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("staging.guided.replay.MOST_STEPS", 1)
    pallets(plant, "PAL-1", "PAL-2")
    scans = device.scans("L1", "PO-1", "PAL-1", "PAL-2")
    assert device.send("stage", scans) == ["done"]
    assert device.said["looked_at"] == 3
    assert device.said["given"] == {"demand": "PO-1", "lane": plant.l1.code, "stays": "lane"}
    assert device.send("stage", scans[3:], given=device.said["given"]) == ["done"]


def test_what_a_step_costs(plant: Plant, device: Device) -> None:
    pallets(plant, "PAL-1")
    scans = device.scans("PO-1", "PAL-1", "L1")
    with CaptureQueriesContext(connection) as captured:
        device.send("stage", scans)
    assert len(captured) <= STATEMENTS_OF_A_STEP
    assert IdempotencyKey.objects.filter(key=scans[-1]["key"]).count() == 1


# --- the app on a device ------------------------------------------------------------------------


def test_the_app_can_be_installed_and_its_page_is_nobodys(client: Client, plant: Plant) -> None:
    client.force_login(plant.operator.user)
    manifest = client.get("/app.webmanifest")
    assert manifest["Content-Type"] == "application/manifest+json"
    said = manifest.json()
    assert (said["start_url"], said["scope"], said["display"]) == ("/work/", "/", "standalone")
    assert {icon["purpose"] for icon in said["icons"]} == {"any", "maskable"}
    page = client.get("/offline/").content.decode()
    assert plant.operator.user.username not in page
    assert 'data-user="' not in page
    assert "csrftoken" not in client.cookies
    worker = client.get("/service-worker.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert worker["Cache-Control"] == "no-cache"
    assert "js/guided.js" in worker.content.decode()
    assert "worker-src 'self'" in worker["Content-Security-Policy"]
