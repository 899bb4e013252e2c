"""Printing a label in a real browser: the file comes down, and a refusal says why."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import sign_in
from tests.factories import UserFactory
from tests.labels.conftest import scans
from tests.plant import Plant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_label_comes_down_and_a_reprint_asks_why(
    page: Page, live_server: LiveServer, plant: Plant
) -> None:
    lot = plant.lot(100, number="N1")
    sign_in(page, live_server, UserFactory(role="operator").username)
    page.goto(f"{live_server.url}/lots/{lot.pk}/")
    page.get_by_role("link", name="Print label").click()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wider) <= 0, width
    with page.expect_download() as coming:
        page.get_by_role("button", name="Make the labels").click()
    assert coming.value.suggested_filename.startswith("labels-lots-")
    [[found]] = scans(coming.value.path().read_bytes())
    assert found.data == lot.code
    expect(page.locator("[data-finished]")).to_be_visible()
    page.get_by_role("button", name="Make the labels").click()
    expect(page.get_by_text("printed with this status already")).to_be_visible()
    page.get_by_label("Reason").fill("damaged")
    with page.expect_download():
        page.get_by_role("button", name="Make the labels").click()
