"""The reading pages in a real browser: nothing that the policy stops, no script that fails."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import AuditEntry
from staging.alerting import clock
from staging.numbers.figures import FIGURES
from tests.browser import sign_in
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.usefixtures("troubles")
def test_the_auditor_reads_everything(page: Page, live_server: LiveServer, plant: Plant) -> None:
    lot = plant.lot(100, number="<script>alert(1)</script>")
    order = plant.order((lot.material, 60), reference="PO-1")
    plant.stage(order, lot)
    plant.hold(lot=lot, reason="Foreign particle")
    clock.sweep(by=plant.operator, at=plant.now)
    user = UserFactory(role="auditor", username="auditor")
    sign_in(page, live_server, user.username)
    paths = (
        "/stock/", "/stock/?by=lot", "/stock/?by=location", "/stock/?by=demand", "/lots/",
        f"/lots/{lot.pk}/", f"/lots/{lot.pk}/dossier/", "/locations/",
        f"/locations/{plant.l1.code}/",
        f"/materials/{lot.material.code}/", "/alerts/", "/audit/", "/audit/export/",
        *(f"/numbers/{name}/" for name in FIGURES), f"/numbers/flow/?lot={quote(lot.code)}",
        f"/lots/{lot.pk}/genealogy/",
    )  # fmt: skip
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        for path in paths:
            page.goto(f"{live_server.url}{path}")
            expect(page.locator("h1")).to_be_visible()
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(wider) <= 0, (path, width)


@pytest.mark.usefixtures("troubles")
def test_an_entry_opens_in_place_and_an_export_comes_down(
    page: Page, live_server: LiveServer, plant: Plant
) -> None:
    lot = plant.lot(100)
    sign_in(page, live_server, UserFactory(role="auditor").username)
    page.goto(f"{live_server.url}/audit/?action=inventory.receive")
    page.locator("details.entry summary").click()
    expect(page.locator("details.entry .particulars")).to_contain_text(lot.code)
    page.get_by_role("link", name="Export").click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Export").click()
    assert coming.value.suggested_filename.startswith("forestage-audit-")
    page.get_by_role("link", name="Refresh").click()
    finished = AuditEntry.objects.get(action="audit.exported")
    expect(page.locator(".digest")).to_have_text(finished.facts["sha256"])
