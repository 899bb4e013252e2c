"""Boards in a real browser: what others do is seen within two seconds, and nothing jumps."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from staging import displays
from tests.browser import sign_in
from tests.plant import Plant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("nothing_shared"),
]

TWO_SECONDS, THREE_SECONDS = 2000, 3000
AHEAD = timedelta(minutes=1)
SHIFT = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shift += entry.value;
}).observe({ type: "layout-shift" });
"""


def stop_the_clock(page: Page) -> None:
    """The page's time passes only when it is let run: whatever the machine takes for a step."""
    now = datetime.fromtimestamp(page.evaluate("Date.now()") / 1000, UTC)
    page.clock.pause_at(now + AHEAD)
    expect(page.locator("html")).to_have_attribute("data-board-state", "live")


@pytest.mark.usefixtures("troubles")
def test_what_another_client_does_is_seen(
    page: Page, live_server: LiveServer, plant: Plant
) -> None:
    lot = plant.lot(20)
    order = plant.order((lot.material, 15), reference="PO-1")
    plant.stage(order, lot, quantity=5)
    sign_in(page, live_server, plant.operator.user.username)
    page.clock.install()
    page.goto(live_server.url)
    stop_the_clock(page)
    quiet, busy = (
        page.locator(f"article[data-key=lane-{plant.dock.pk}]"),
        page.locator(f"article[data-key=lane-{plant.l1.pk}]"),
    )
    expect(busy).to_contain_text("PO-1")
    link = busy.get_by_role("link", name="PO-1")
    link.focus()
    quiet.evaluate("(card) => { card.kept = true; }")
    page.evaluate("window.scrollTo({ top: 40, behavior: 'instant' })")
    where = page.evaluate("window.scrollY")
    page.evaluate(SHIFT)
    plant.stage(order, lot, quantity=3)
    page.clock.run_for(TWO_SECONDS)
    expect(busy).to_contain_text("8")
    expect(busy).to_have_class(re.compile("is-changed"))
    expect(link).to_be_focused()
    assert page.evaluate("window.scrollY") == where
    assert quiet.evaluate("(card) => card.kept === true")  # left alone: it has not changed
    assert not re.search("is-changed", quiet.get_attribute("class") or "")
    assert page.evaluate("window.shift") < 0.01
    page.clock.run_for(THREE_SECONDS)
    expect(busy).not_to_have_class(re.compile("is-changed"))

    page.clock.resume()
    page.goto(f"{live_server.url}/ready/")
    stop_the_clock(page)
    entry = page.locator(f"article[data-key=demand-{order.pk}]")
    expect(entry).to_contain_text("53 %")
    plant.stage(order, lot, quantity=7)
    page.clock.run_for(TWO_SECONDS)
    expect(entry).to_contain_text("100 %")
    late = plant.order((lot.material, 1), reference="PO-2")
    page.clock.run_for(TWO_SECONDS)
    expect(page.locator(f"article[data-key=demand-{late.pk}]")).to_be_visible()


def test_a_wall_screen(chromium: Browser, live_server: LiveServer, plant: Plant) -> None:
    lot = plant.lot(20)
    order = plant.order((lot.material, 15), reference="PO-1")
    context = chromium.new_context(viewport={"width": 1920, "height": 1080})
    wall = context.new_page()
    said: list[Any] = []
    wall.on("pageerror", lambda error: said.append(error))
    display, secret = displays.issue_display(
        name="Hall 2", sites=[plant.site], areas=[], expires_at=None, by=plant.operator,
        at=plant.now,
    )  # fmt: skip
    wall.goto(f"{live_server.url}/wall/open/{secret}/")
    wall.get_by_role("button", name="Show the lanes").click()
    expect(wall).to_have_url(f"{live_server.url}/wall/")
    expect(wall.get_by_role("heading", name="Hall 2")).to_be_visible()
    assert wall.get_by_role("link").count() == 0
    expect(wall.locator("[data-wall-clock]")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    wide = "document.documentElement.scrollWidth > 1920 || document.body.scrollHeight > 1080"
    assert not wall.evaluate(wide)
    lane = wall.locator(f"article[data-key=lane-{plant.l1.pk}]")
    plant.stage(order, lot)
    expect(lane).to_contain_text("PO-1")
    hold = plant.hold(lot=lot)
    expect(lane).to_contain_text("on hold")
    expect(wall.locator(".wall-trouble")).to_contain_text("1 blocked")
    plant.lift(hold)
    expect(lane).not_to_contain_text("on hold")

    context.set_offline(True)
    expect(wall.locator("[data-wall-lost]")).to_be_visible()
    context.set_offline(False)
    expect(wall.locator("[data-wall-lost]")).to_be_hidden()
    displays.revoke_display(display=display, by=plant.operator, at=plant.now)
    expect(wall.get_by_text("This screen shows no boards")).to_be_visible()
    assert said == []
    context.close()


def test_a_wall_turns_its_pages(
    chromium: Browser, live_server: LiveServer, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("staging.board.LANES", 2)
    monkeypatch.setattr("staging.views.wall.SECONDS", 2)
    monkeypatch.setattr("staging.views.wall.ROWS", 1)
    for number in range(2):
        plant.order((plant.material(), 1), reference=f"PO-{number}")
    context = chromium.new_context(viewport={"width": 1920, "height": 1080})
    wall = context.new_page()
    _display, secret = displays.issue_display(
        name="Hall 2", sites=[plant.site], areas=[], expires_at=None, by=plant.operator,
        at=plant.now,
    )  # fmt: skip
    wall.goto(f"{live_server.url}/wall/open/{secret}/")
    wall.get_by_role("button", name="Show the lanes").click()
    expect(wall).to_have_url(f"{live_server.url}/wall/")
    first = wall.locator("h2").first.inner_text()
    for _turn in range(2):
        expect(wall.locator("h2").first).not_to_have_text(first)
        expect(wall.locator("h2").first).to_have_text(first)
    wall.goto(f"{live_server.url}/wall/due/")
    for number in (0, 1, 0):
        expect(wall.locator("h3")).to_have_text(f"PO-{number}")
    context.close()
