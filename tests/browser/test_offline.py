"""The network drops: scans are kept on the device, and replayed in order when it returns."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from config.bootstrap import ports
from config.bootstrap.environment import ROOT
from config.bootstrap.servers import Server
from inventory.models import Container, IdempotencyKey, Movement, RefusedAttempt
from tests.browser import sign_in
from tests.browser.test_floor_day import Floor
from tests.browser.test_guided import pallet
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server(tmp_path: Path, transactional_db: None) -> Iterator[Server]:
    """A server process of its own on the test's database, to be stopped and started."""
    known = connection.settings_dict
    port = ports.free_port()
    address = f"{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}"
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"postgres://{address}/{known['NAME']}",
        "FORESTAGE_SECRET_KEY": settings.SECRET_KEY,  # of the session that the browser is given
    }
    command = ["gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}", "--no-control-socket",
               "--threads=4", "--graceful-timeout=1"]  # fmt: skip
    running = Server(
        [sys.executable, "-m", *command], log=tmp_path / "web.log", env=env, cwd=ROOT,
        is_ready=lambda _pid: ports.answers("127.0.0.1", port), url=f"http://127.0.0.1:{port}",
    )  # fmt: skip
    with running:
        yield running


@pytest.fixture
def device(chromium: Browser) -> Iterator[Page]:
    """A tablet: a profile that keeps what it is given, and the service worker."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    troubles: list[str] = []
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert troubles == []


def order_of(plant: Plant, *codes: str) -> dict[str, Any]:
    material = plant.material()
    for code in codes:
        pallet(plant, code, 10, material)
    order = plant.order((material, 10 * len(codes)), reference="PO-9")
    return {"order": order, "material": material}


def kept(floor: Floor, count: int) -> None:
    """So many scans are on the device, and none is shown as recorded."""
    panel = floor.page.locator("#kept")
    expect(panel).to_contain_text("Not checked yet: kept on this device")
    expect(panel.locator("[data-count]")).to_have_text(str(count))
    expect(floor.page.locator(".notice.tone-ok")).to_have_count(0)
    expect(floor.page.locator("[name=scan]")).to_be_focused()


def staged() -> list[tuple[str, str]]:
    rows = Container.objects.order_by("code").values_list("code", "location__code")
    return [(code, place.split("-", 1)[1]) for code, place in rows]


def test_offline_replay_with_the_server_stopped_and_restarted(
    device: Page, server: Server, plant: Plant
) -> None:
    order_of(plant, "PAL-1", "PAL-2", "PAL-3", "PAL-4")
    sign_in(device, SimpleNamespace(url=server.url), plant.operator.user.username)  # type: ignore[arg-type]
    floor = Floor(device, SimpleNamespace(url=server.url))  # type: ignore[arg-type]
    floor.open("/guided/stage/")
    device.evaluate("navigator.serviceWorker.ready.then(() => true)")
    floor.scan("PO-9")
    expect(device.locator(".guided-known")).to_contain_text("PO-9")

    server.stop()
    for count, code in enumerate(["PAL-1", plant.l1.code, "PAL-2", plant.l1.code], 1):
        floor.scan(code)
        kept(floor, count)
    device.reload()  # the page is not lost, and goes on where it was
    expect(device.get_by_text("No network", exact=True)).to_be_visible()
    kept(floor, 4)
    for code in ("PAL-3", plant.l2.code, "PAL-4"):
        floor.scan(code)
    kept(floor, 7)
    assert not Movement.objects.filter(kind="stage").exists()
    plant.hold(container=Container.objects.get(code="PAL-2"))  # meanwhile, elsewhere

    server.start()
    expect(device.locator("#kept")).to_contain_text("Recorded from this device:")
    # In order; what is refused waits, and the flow goes on with the pallet that has no lane yet.
    expect(device.locator("#guided-asks")).to_have_text("Scan the lane")
    expect(device.locator(".guided-known")).to_contain_text("PAL-4")
    refused = device.locator("#kept .notice.tone-bad")
    expect(refused).to_contain_text("wait for your decision: 1")
    refused.get_by_role("link", name="Decide").click()
    expect(refused).to_contain_text("hold")
    expect(refused.locator(".kept-scans")).to_contain_text("PAL-2")
    assert staged() == [("PAL-1", "L1"), ("PAL-2", "A1"), ("PAL-3", "L2"), ("PAL-4", "A1")]
    moved = Movement.objects.filter(kind="stage").order_by("pk")
    assert all(row.occurred_at < row.recorded_at for row in moved)
    assert moved[0].occurred_at < moved[1].occurred_at
    assert IdempotencyKey.objects.count() == 2

    # It stays until somebody decides; a discard needs a reason, and is recorded.
    device.reload()
    expect(refused).to_have_count(1)
    refused.get_by_label("Reason to discard it").fill("Taken back to QA")
    refused.get_by_role("button", name="Discard").click()
    expect(refused).to_have_count(0)
    given_up = RefusedAttempt.objects.get(code="scans_discarded")
    assert (given_up.reason, given_up.container.code) == ("Taken back to QA", "PAL-2")
    device.go_back()  # to the pallet that only its lane is missing of
    expect(device.locator("#guided-asks")).to_have_text("Scan the lane")
    floor.scan(plant.l2.code)
    expect(device.locator("#guided .notice.tone-ok")).to_contain_text("Stage: recorded")
    assert Movement.objects.filter(kind="stage").count() == 3


def test_scans_stay_with_who_made_them_and_are_tried_again_changed(
    device: Page, live_server: LiveServer, plant: Plant
) -> None:
    order_of(plant, "PAL-1", "PAL-2")
    plant.hold(container=Container.objects.get(code="PAL-1"))
    operator, other = plant.operator.user, UserFactory(role="operator")
    floor = Floor(device, live_server)
    sign_in(device, live_server, operator.username)
    floor.open("/guided/stage/?demand=PO-9")
    device.context.set_offline(True)
    # Nobody has been here for long: no scan is kept that nobody stands for.
    device.evaluate("localStorage.setItem('forestage.seen', '0')")
    floor.scan("PAL-1")
    expect(device.locator("#kept [role=alert]")).to_contain_text("the sign-in has ended")
    expect(device.locator("[name=scan]")).to_have_value("PAL-1")
    device.evaluate("localStorage.setItem('forestage.seen', String(Date.now()))")
    device.keyboard.press("Enter")
    kept(floor, 1)
    floor.scan(plant.l1.code)
    kept(floor, 2)

    # The session has ended meanwhile: they stay, and the page asks to sign in.
    Session.objects.all().delete()
    device.context.set_offline(False)
    expect(device.locator("#kept")).to_contain_text("Your sign-in has ended")

    # Somebody else sees that they are there, and cannot send them.
    sign_in(device, live_server, other.username)
    floor.open("/kept/")
    expect(device.locator("#kept")).to_contain_text("Scans of somebody else wait on this device")
    expect(device.locator("#kept")).to_contain_text(f"{operator.username}: 2")
    assert not RefusedAttempt.objects.exists()

    # Who made them is told wherever, decides, and stages another pallet instead.
    sign_in(device, live_server, operator.username)
    floor.open("/work/")
    note = device.locator("#kept-note")
    expect(note).to_be_visible()
    note.click()
    refused = device.locator("#kept .notice.tone-bad")
    expect(refused).to_contain_text("hold")
    refused.get_by_role("link", name="Change it and try again").click()
    expect(device.locator("#guided-asks")).to_have_text("Scan the lot or pallet")
    expect(device.locator(".guided-known")).to_contain_text(plant.l1.code)  # the lane is known
    floor.scan("PAL-2")
    expect(device.locator("#guided .notice.tone-ok")).to_contain_text("Stage: recorded")
    expect(device.locator("#kept")).to_be_hidden()
    assert staged() == [("PAL-1", "A1"), ("PAL-2", "L1")]


HOLD_THE_LOCK = """() => new Promise((held) => {
    navigator.locks.request("forestage-kept", () => new Promise((done) => {
        const tryAgain = () => window.dispatchEvent(new Event("online"));
        window.letGo = () => { done(); setTimeout(tryAgain, 200); };
        held();
    }));
})"""


def test_one_of_two_tabs_sends_and_a_wrong_scan_is_replaced(
    device: Page, live_server: LiveServer, plant: Plant
) -> None:
    order_of(plant, "PAL-1", "PAL-2")
    plant.hold(container=Container.objects.get(code="PAL-1"))
    sign_in(device, live_server, plant.operator.user.username)
    other = device.context.new_page()
    other.goto(f"{live_server.url}/kept/")
    floor = Floor(device, live_server)
    floor.open("/guided/stage/?demand=PO-9")
    device.context.set_offline(True)
    for code in ("PAL-1", plant.l1.code, "NO-SUCH", plant.l2.code):
        floor.scan(code)
    kept(floor, 4)
    device.context.set_offline(False)  # and both know at once
    expect(other.locator("#kept .notice.tone-bad")).to_have_count(2)
    assert RefusedAttempt.objects.count() == 1
    wrong = other.locator("#kept .notice.tone-bad").filter(has_text="NO-SUCH")
    expect(wrong.locator(".kept-bad")).to_contain_text("NO-SUCH")
    wrong.get_by_label("What should have been scanned instead").fill("PAL-2")
    device.evaluate(HOLD_THE_LOCK)  # so it is not the tab in which it is decided that sends
    wrong.get_by_role("button", name="Send it with that").click()
    expect(wrong).to_have_count(0)
    device.evaluate("window.letGo()")
    expect(other.locator("#kept")).to_contain_text("Recorded from this device: 1")
    assert staged() == [("PAL-1", "A1"), ("PAL-2", "L2")]
    expect(device.locator("#kept")).to_contain_text("wait for your decision: 1")


def test_a_browser_that_cannot_keep_scans_says_so(
    device: Page, live_server: LiveServer, plant: Plant
) -> None:
    device.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    sign_in(device, live_server, plant.operator.user.username)
    floor = Floor(device, live_server)
    floor.open("/guided/stage/")
    device.context.set_offline(True)
    floor.scan("PO-9")
    expect(device.locator("#kept [role=alert]")).to_contain_text("this scan was not kept")
    expect(device.locator("[name=scan]")).to_have_value("PO-9")
