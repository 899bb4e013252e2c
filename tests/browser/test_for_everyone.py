"""For everyone: every page of the demo plant keeps WCAG 2.2 AA, in light and in dark, on a screen
and in a column of 320 pixels (which is a screen of 1280 at 400 %)."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from integration.models import ApiClient, ApiToken
from inventory.audit import Actor, system
from inventory.models import AuditEntry, Lot, Site, Surface
from quality.models import Hold
from staging import displays
from staging.models import Alert, AlertRule, Demand
from tests.browser import sign_in
from tests.outside import outside
from tests.plant import Plant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).parent.parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
PLACES = ["target-size", "scrollable-region-focusable"]
SCREEN = {"width": 1280, "height": 800}
COLUMN = {"width": 320, "height": 640}

PAGES = {
    "": ("/sign-in/",),
    "operator": (
        "/work/", "/work/stage/", "/guided/stage/?demand=GRA-0145&lane=RVS-KIT-2",
        "/guided/load/?demand=SHP-88103&vehicle=HBR-TRUCK-1", "/guided/count/?location=RVS-WH-A1",
        "/guided/put-away/", "/picks/?demand=GRA-0145&demand=NAS-0062", "/picks/", "/pulls/",
        "/unstage-list/", "/guided/clear/", "/worklist/",
        "/labels/", "/labels/lots/", "/labels/lots/?lot={lot.code}", "/scan/?q=nothing-such",
        "/locations/", "/locations/RVS-WH/", "/containers/PAL-0142-4/", "/materials/RM-1001/",
        "/nowhere/", "/audit/",
    ),
    "supervisor": (
        "/", "/ready/", "/demands/", "/demands/GRA-0144/", "/work/create-demand/",
        "/as-it-stood/", "/as-it-stood/demands/GRA-0144/",
        "/stock/", "/stock/?by=location", "/lots/", "/alerts/?whose=all", "/refused-attempts/",
        "/alerts/{alert.pk}/", "/alerts/together/?verb=snooze&alert={alert.pk}",
        "/notices/", "/notices/settings/",
        "/numbers/", "/numbers/on-time/", "/numbers/ahead/", "/numbers/flow/",
        "/numbers/report/",
        "/admin/staging/demand/{demand.pk}/change/", "/admin/staging/display/add/",
        "/admin/staging/alertrule/{rule.pk}/as-in-general/",
    ),
    "qa": (
        "/lots/{lot.pk}/", "/lots/{lot.pk}/genealogy/", "/lots/{lot.pk}/dossier/",
        "/holds/{hold.pk}/reach/", "/holds/{hold.pk}/recall/",
        "/account/", "/account/password/", "/account/second-factor/",
        "/admin/", "/admin/inventory/lot/", "/admin/inventory/lot/{waiting.pk}/change/",
        "/admin/quality/hold/", "/admin/quality/hold/{hold.pk}/change/",
    ),
    "integrator": ("/admin/import/",),
    "auditor": ("/audit/", "/audit/{entry.pk}/", "/audit/export/"),
}  # fmt: skip
"""By role. What stands in braces is a key of `demo`."""

OUTSIDE = (
    "apiclient/", "apiclient/add/", "apiclient/{client.pk}/change/",
    "apitoken/", "apitoken/add/", "apitoken/{token.pk}/change/", "apitoken/{token.pk}/rotate/",
    "subscription/", "subscription/add/", "subscription/{webhook.pk}/change/",
    "subscription/{webhook.pk}/replay/", "subscription/{webhook.pk}/rotate/",
    "delivery/", "delivery/{delivery.pk}/change/", "parcel/", "parcel/{letter.pk}/change/",
    "externalid/", "externalid/{external.pk}/change/",
    "capturejob/", "capturejob/{job.pk}/change/", "capturedevent/{captured.pk}/change/",
)  # fmt: skip
"""Of the admin, what other systems have to do with. Seen in German, whose words are longer."""

THEIRS = "nested-interactive"
"""Swagger UI has a link in each button by which an operation is opened, leading to the same."""

CUT_OFF = """() => {
    const found = [];
    for (const cell of document.querySelectorAll(".table-stack > tbody > tr > *")) {
        const { left, right, width } = cell.getBoundingClientRect();
        const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        while (width && texts.nextNode()) {
            const text = texts.currentNode, range = document.createRange();
            if (!text.data.trim() || text.parentElement.closest(".visually-hidden")) continue;
            range.selectNodeContents(text);
            const out = (box) => box.right > right + 1 || box.left < left - 1;
            if ([...range.getClientRects()].some(out))
                found.push(`${cell.dataset.label}: ${text.data.trim()}`);
        }
    }
    return found;
}"""
"""The texts that reach out of their cells, where rows are cards."""


class Checked:
    """A browser of one person; `wrong` is what axe and the ruler have found."""

    def __init__(
        self, chromium: Browser, server: LiveServer, role: str, locale: str = "en-GB"
    ) -> None:
        self.server = server
        self.context = chromium.new_context(  # a worker would ask for what is answered here
            viewport=SCREEN,  # type: ignore[arg-type]
            locale=locale,
            service_workers="block",
        )
        self.context.add_init_script(path=AXE)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        if role:
            sign_in(self.page, server, role)

    def visit(self, path: str) -> None:
        self.page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self.page.goto(self.server.url + path)
        self.look(path)

    def look(self, name: str) -> None:
        """The page as it stands, in light, in dark, and narrow."""
        self._axe(name, STANDARD)
        self.page.emulate_media(color_scheme="dark")
        self._axe(f"{name} in dark", COLOURS)
        self.page.set_viewport_size(COLUMN)  # type: ignore[arg-type]
        self._axe(f"{name} in a column", PLACES)
        self._ruler(name)

    def _ruler(self, name: str) -> None:
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        if (over := self.page.evaluate(wide)) > 0:
            self.wrong.append(f"{name}: scrolls sideways by {over} px in a column")
        self.wrong += [f"{name}: cut off in a card: {text}" for text in self.page.evaluate(CUT_OFF)]

    def glance(self, path: str) -> None:
        """As `visit`, for pages that are made of the same parts: dark and narrow in one look."""
        self.page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self.page.goto(self.server.url + path)
        self._axe(path, STANDARD)
        self.page.emulate_media(color_scheme="dark")
        self.page.set_viewport_size(COLUMN)  # type: ignore[arg-type]
        self._axe(f"{path} in dark and in a column", COLOURS + PLACES)
        self._ruler(path)

    def _axe(self, name: str, rules: list[str]) -> None:
        """Tags or rules may be named. Colours are looked at when they have changed over, and style
        sheets are not read again, which takes long."""
        found = self.page.evaluate(
            """async (rules) => {
                for (let depth = 0; depth < 9; depth++) { // an end begins what inherits from it
                    for (const animation of document.getAnimations()) animation.finish();
                    await new Promise(requestAnimationFrame);
                    if (!document.getAnimations().length) break;
                }
                return (await axe.run(document, {
                    runOnly: rules, preload: false, selectors: false, resultTypes: ["violations"],
                })).violations.map(
                    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
            }""",
            rules,
        )
        self.wrong += [f"{name}: {violation[:500]}" for violation in found]


@pytest.fixture
def demo(transactional_db: None, settings: Any, tmp_path: Path) -> dict[str, Any]:
    """The demo plant, and what of it pages are named by."""
    settings.VAR_DIR = tmp_path
    call_command("seed_demo", verbosity=0)
    return {
        "lot": Lot.objects.get(code="FG-5001/P0142"),
        "waiting": Lot.objects.filter(status="quarantine").earliest("pk"),
        "hold": Hold.objects.filter(lifted_at=None).earliest("pk"),
        "demand": Demand.objects.get(reference="GRA-0144"),
        "alert": Alert.objects.open().filter(severity="warning").earliest("pk"),
        "rule": AlertRule.objects.exclude(site=None).get(),
        "entry": AuditEntry.objects.latest("pk"),
        "token": ApiToken.objects.get(),
        "client": ApiClient.objects.get(),
        **outside(Actor(User.objects.get(username="integrator"), Surface.COMMAND)),
    }


def test_every_page(chromium: Browser, live_server: LiveServer, demo: dict[str, Any]) -> None:
    wrong = walls(chromium, live_server)
    for role, paths in PAGES.items():
        checked = Checked(chromium, live_server, role)
        for path in paths:
            checked.visit(path.format(**demo))
        if role == "operator":
            refused(checked)
        if role == "qa":
            signature(checked)
        checked.context.close()
        wrong += checked.wrong
    checked = Checked(chromium, live_server, "admin", locale="de-DE")
    other_systems(checked, demo)
    wrong += checked.wrong
    assert not wrong, "\n".join(wrong)


def other_systems(checked: Checked, demo: dict[str, Any]) -> None:
    """What other systems have to do with, up to the API's own pages."""
    for path in OUTSIDE:
        checked.glance(f"/admin/integration/{path.format(**demo)}")
    expect(checked.page.locator("html")).to_have_attribute("lang", "de")
    for path in ("/admin/export/", "/api/problems/lot_on_hold"):
        checked.glance(path)
    documentation(checked)


def documentation(checked: Checked) -> None:
    """The API's pages, with an operation that is open."""
    checked.glance("/api/v1/docs/?search=webhook")
    page = checked.page
    page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    page.goto(f"{checked.server.url}/api/v1/docs/webhooks/#/Webhooks/webhooks_list")
    opened = page.locator("#operations-Webhooks-webhooks_list .responses-table").first
    expect(opened).to_be_visible(timeout=60_000)
    checked.look("the API's pages")
    checked.wrong = [found for found in checked.wrong if f": {THEIRS}: " not in found]


def refused(checked: Checked) -> None:
    """A scan that is refused, with what is offered instead."""
    page = checked.page
    page.goto(f"{checked.server.url}/guided/stage/?demand=GRA-0145&lane=RVS-KIT-2")
    page.locator("[name=scan]").fill("RM-1001/A24-0930")
    page.keyboard.press("Enter")
    expect(page.locator("#guided .notice.tone-bad")).to_be_visible()
    checked.look("a refusal")


def walls(chromium: Browser, server: LiveServer) -> list[str]:
    """Both boards on a wall."""
    by: Actor = system(Surface.COMMAND)
    _display, secret = displays.issue_display(
        name="Hall 2",
        sites=list(Site.objects.all()),
        areas=[],
        expires_at=None,
        by=by,
        at=timezone.now(),
    )
    checked = Checked(chromium, server, "")
    checked.visit(f"/wall/open/{secret}/")
    checked.page.get_by_role("button", name="Show the lanes").click()
    checked.page.wait_for_url("**/wall/")
    checked.visit("/wall/")
    checked.visit("/wall/due/")
    checked.context.close()
    return checked.wrong


def signature(checked: Checked) -> None:
    """QA about to sign a release."""
    page = checked.page
    page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
    page.goto(f"{checked.server.url}/admin/inventory/lot/?status=quarantine")
    page.locator("input.action-select").first.check()
    page.select_option("select[name=action]", label="Release")
    page.click("button[name=index]")
    expect(page.get_by_label("Your password")).to_be_visible()
    checked.look("the signature page")


def test_large_for_gloves_is_kept_on_the_device(
    page: Page, live_server: LiveServer, plant: Plant
) -> None:
    sign_in(page, live_server, plant.operator.user.username)
    page.goto(f"{live_server.url}/work/")
    usual = page.get_by_role("link", name="Board").bounding_box()
    page.locator(".header-user > button").click()
    page.locator(".header-user").get_by_role("button", name="Large").click()
    page.goto(f"{live_server.url}/stock/")
    large = page.get_by_role("link", name="Board").bounding_box()
    assert usual is not None
    assert large is not None
    assert usual["height"] >= 44
    assert large["height"] > usual["height"] * 1.3
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(wide) == 0, width


def test_what_takes_a_while_says_so(
    chromium: Browser, live_server: LiveServer, plant: Plant
) -> None:
    lot = plant.lot(100)
    page = chromium.new_context(service_workers="block").new_page()  # requests are held back here
    sign_in(page, live_server, plant.qa.user.username)
    held: dict[str, Route] = {}
    page.route("**/alerts/count/", lambda route: held.update(count=route))
    page.route("**/dossier.pdf", lambda route: held.update(dossier=route))
    sign = page.get_by_text("The dossier is being made …")
    with page.expect_request("**/alerts/count/"):
        page.goto(f"{live_server.url}/lots/{lot.pk}/dossier/")
    with page.expect_request("**/dossier.pdf"):
        page.get_by_role("link", name="PDF").click()
    expect(sign).to_be_visible()
    with page.expect_response("**/alerts/count/"):
        held["count"].continue_()  # what the page asks for by itself does not take the sign away
    expect(sign).to_be_visible()
    with page.expect_download() as coming:
        held["dossier"].continue_()
    assert coming.value.path().read_bytes().startswith(b"%PDF")
    assert coming.value.suggested_filename.endswith(".pdf")
    expect(sign).to_be_hidden()
    page.context.close()
