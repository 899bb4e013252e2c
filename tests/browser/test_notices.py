"""The bell in a real browser: it counts by itself, leads to the alert, and people choose."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from integration.models import NoticeChoice
from integration.notices import telling
from staging.models import AlertLevel, AlertReason
from tests.browser import sign_in
from tests.factories import UserFactory
from tests.plant import Plant
from tests.worklists.conftest import raised

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

POLL = 20_000


@pytest.mark.usefixtures("troubles")
def test_a_supervisor_is_told_looks_and_chooses(
    page: Page, live_server: LiveServer, plant: Plant
) -> None:
    user = UserFactory(role="supervisor", email="sana@example.com")
    sign_in(page, live_server, user.username)
    page.clock.install()
    page.goto(f"{live_server.url}/notices/")
    bell = page.locator(".header-bell:visible")
    expect(page.locator("main")).to_contain_text("You were told of nothing yet")
    expect(bell.locator(".alert-count")).to_be_empty()

    alert = raised(
        AlertReason.LANE_OVER_CAPACITY, site=plant.site, location=plant.l1,
        level=AlertLevel.SUPERVISOR,
    )  # fmt: skip
    telling.tell(timezone.now())
    page.clock.fast_forward(POLL)
    expect(bell.locator(".alert-count")).to_have_text("1")

    bell.click()
    row = page.get_by_role("row").filter(has_text="Lane over capacity")
    expect(row).to_contain_text("Unread")
    row.get_by_role("button", name="Open").click()
    expect(page).to_have_url(f"{live_server.url}/alerts/{alert.pk}/")
    expect(bell.locator(".alert-count")).to_be_empty()

    page.goto(f"{live_server.url}/notices/settings/")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_label("Quiet from")).to_be_hidden()
    page.get_by_label("Warnings").select_option("In the app, and by e-mail at once")
    page.get_by_label("Quiet hours of my own").check()
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".field-wrong")).to_contain_text("Say when quiet hours begin")
    page.get_by_label("Quiet until").fill("06:00")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".notice.tone-ok")).to_contain_text("Kept")
    expect(page.get_by_label("Warnings")).to_have_value("3")
    expect(page.get_by_label("Quiet until")).to_have_value("06:00")
    row_of = NoticeChoice.objects.get(user=user)
    assert (row_of.warning, row_of.critical, row_of.own_quiet) == (3, None, True)
