"""Take the pictures that the README shows, from a running demo.

    python3 manage.py demo --port 8000
    .venv/bin/python docs/screenshots.py http://127.0.0.1:8000/

Needs the test environment (`python3 manage.py test --setup-only`) and a Chromium, and FORESTAGE_VAR
where the demo has it. With names behind the address, only these are taken.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from config.bootstrap.demo import var_directory  # noqa: E402
from config.bootstrap.services import required  # noqa: E402
from config.demo_accounts import DEMO_PASSWORD  # noqa: E402

IMAGES = Path(__file__).resolve().parent / "images"
SCREEN = (1280, 800)
TALL = (1280, 1100)
PHONE = (390, 844)
WALL = (1920, 1080)


@dataclass(frozen=True)
class Picture:
    """One page as one role sees it; `open` names what to click before."""

    name: str
    user: str
    path: str
    size: tuple[int, int] = SCREEN
    dark: bool = False


PICTURES = (
    Picture("board", "supervisor", "/"),
    Picture("board-phone", "operator", "/", PHONE),
    Picture("board-dark", "supervisor", "/", dark=True),
    Picture("due", "supervisor", "/ready/"),
    Picture("due-phone", "operator", "/ready/", PHONE),
    Picture("demand", "supervisor", "/demands/GRA-0144/"),
    Picture("stage", "operator", "/guided/stage/?demand=GRA-0145&lane=RVS-KIT-2"),
    Picture("stage-phone", "operator", "/guided/stage/?demand=GRA-0145&lane=RVS-KIT-2", PHONE),
    Picture("work", "operator", "/work/"),
    Picture("load", "operator", "/guided/load/?demand=SHP-88103&vehicle=HBR-TRUCK-1"),
    Picture("count-phone", "operator", "/guided/count/?location=RVS-WH-A1", PHONE, dark=True),
    Picture("picks", "operator", "/picks/?demand=GRA-0145&demand=NAS-0062"),
    Picture("lot", "qa", "/scan/?q=RM-1003/PVK-208"),
    Picture("stock", "supervisor", "/stock/"),
    Picture("alerts", "supervisor", "/alerts/?whose=all"),
    Picture("alerts-phone", "operator", "/alerts/#alerts", PHONE),
    Picture("ahead", "supervisor", "/ahead/?site=RVS&horizon=next_shift", TALL),
    Picture("trends", "supervisor", "/numbers/trends/", TALL),
    Picture("notices", "operator", "/notices/"),
    Picture("notices-phone", "operator", "/notices/", PHONE),
    Picture("notice-settings", "supervisor", "/notices/settings/"),
    Picture("worklist", "operator", "/worklist/"),
    Picture("worklist-dark", "operator", "/worklist/", dark=True),
    Picture("worklist-phone", "operator", "/worklist/", PHONE),
    Picture("worklist-phone-dark", "operator", "/worklist/", PHONE, dark=True),
    Picture("pulls", "operator", "/pulls/"),
    Picture("unstage-list", "operator", "/unstage-list/"),
    Picture("place", "supervisor", "/locations/RVS-KIT-2/"),
    Picture("material", "supervisor", "/materials/RM-1001/"),
    Picture("pallet", "operator", "/containers/PAL-0142-4/"),
    Picture("lots", "supervisor", "/lots/"),
    Picture("labels", "operator", "/labels/lots/"),
    Picture("numbers-dwell", "supervisor", "/numbers/"),
    Picture("numbers-staged", "supervisor", "/numbers/staged/"),
    Picture("numbers-on-time", "supervisor", "/numbers/on-time/"),
    Picture("numbers-lanes", "supervisor", "/numbers/lanes/"),
    Picture("numbers-ahead", "supervisor", "/numbers/ahead/"),
    Picture("numbers-flow", "supervisor", "/numbers/flow/"),
    Picture("near-misses", "supervisor", "/refused-attempts/"),
    Picture("audit", "auditor", "/audit/"),
    Picture("admin", "qa", "/admin/"),
    Picture("api", "admin", "/api/v1/docs/"),
    Picture("tasks", "admin", "/admin/forestage/taskrun/"),
    Picture(
        "dwell-why",
        "qa",
        "/admin/staging/dwellset/why/?lane=RVS-KIT-1&material=RM-1001&kind=operation",
    ),
)


def main(base: str, names: Collection[str]) -> None:
    """Take every picture, or those of these names."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("FORESTAGE_CHROMIUM") or required("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for picture in PICTURES:
            if not names or picture.name in names:
                page = signed_in(browser, base, picture)
                page.goto(urljoin(base, picture.path))
                save(page, picture.name)
        for name, take in STAGED.items():
            if not names or name in names:
                take(browser, base)
        browser.close()


def signed_in(browser: Browser, base: str, picture: Picture) -> Page:
    """A page of a fresh profile in which the picture's user has signed in."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if picture.dark else "light",
    )
    page = context.new_page()
    page.goto(urljoin(base, "/sign-in/"))
    page.fill("[name=username]", picture.user)
    page.fill("[name=password]", DEMO_PASSWORD)
    page.click("main [type=submit]")
    return page


def refused(browser: Browser, base: str) -> None:
    """A quarantined lot that somebody tries to stage."""
    page = signed_in(browser, base, Picture("refused", "operator", ""))
    page.goto(urljoin(base, "/guided/stage/?demand=GRA-0145&lane=RVS-KIT-2"))
    page.keyboard.type("RM-1001/A24-0930")
    page.keyboard.press("Enter")
    page.wait_for_timeout(2500)  # until the flash has faded
    save(page, "refused")


def stop(browser: Browser, base: str) -> None:
    """The stop of the quick tour, on a phone: its lane has been scanned."""
    page = signed_in(browser, base, Picture("worklist-stop", "operator", "", PHONE))
    page.goto(urljoin(base, "/worklist/"))
    page.fill("[name=scan]", "RVS-PAC-TOUR")
    page.press("[name=scan]", "Enter")
    page.wait_for_url("**/guided/**")
    save(page, "worklist-stop")


def ticked(browser: Browser, base: str) -> None:
    """Three alerts that a supervisor is about to acknowledge at once."""
    page = signed_in(browser, base, Picture("alerts-together", "supervisor", ""))
    page.goto(urljoin(base, "/alerts/?whose=all"))
    for index in range(3):
        page.locator(".cell-tick input").nth(index).check()
    page.click("button[value=acknowledge]")
    page.fill("[name=reason]", "The night shift clears the buffer first")
    save(page, "alerts-together")


def alert(browser: Browser, base: str) -> None:
    """The page of an alert that has a history: somebody has acknowledged it."""
    page = signed_in(browser, base, Picture("alert", "supervisor", "", TALL))
    page.goto(urljoin(base, "/alerts/?whose=all&acknowledged=yes"))
    page.click("tbody th a")
    save(page, "alert")


def stood(browser: Browser, base: str) -> None:
    """The board of the plant as it was some hours ago."""
    page = signed_in(browser, base, Picture("as-it-stood", "supervisor", ""))
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    page.goto(urljoin(base, f"/as-it-stood/?site=RVS&at={moment:%Y-%m-%dT%H:%M:%SZ}"))
    save(page, "as-it-stood")


MAIL = """
from django.contrib.auth.models import User
from integration.models import Notice, NoticeMail
from integration.notices.writing import message
user = User.objects.get(username="operator")
told = Notice.objects.filter(user=user, alert__closed_at=None)
print(message(NoticeMail(user=user), told.select_related("alert__site")).alternatives[0][0])
"""


def mail(browser: Browser, _base: str) -> None:
    """The e-mail about what the operator has been told, as it would be sent now."""
    var = var_directory()
    ours = {
        "FORESTAGE_VAR": str(var),
        "FORESTAGE_SECRET_KEY": (var / "secret-key").read_text(),
        "FORESTAGE_URL": "http://127.0.0.1:8000",
    }
    html = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", "shell", "-v0", "-c", MAIL],
        cwd=ROOT, env=os.environ | ours, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    page = browser.new_page(viewport={"width": 800, "height": 900})
    page.set_content(html)
    save(page, "notice-mail")


def signature(browser: Browser, base: str) -> None:
    """QA about to release two lots."""
    page = signed_in(browser, base, Picture("signature", "qa", ""))
    page.goto(urljoin(base, "/admin/inventory/lot/?status=quarantine"))
    boxes = page.locator("input.action-select")
    for index in range(min(2, boxes.count())):
        boxes.nth(index).check()
    page.select_option("select[name=action]", label="Release")
    page.click("button[name=index]")
    save(page, "signature")


def wall(browser: Browser, base: str) -> None:
    """Both boards on a wall screen of both sites, set up as a supervisor does."""
    page = signed_in(browser, base, Picture("wall", "supervisor", ""))
    page.goto(urljoin(base, "/admin/staging/display/add/"))
    page.fill("[name=name]", "Hall 2, north wall")
    for site in ("RVS", "HBR"):
        page.locator(".field-sites .select2-search__field").fill(site)
        page.locator(".select2-results__option").filter(has_text=site).first.click()
    page.click("[name=_save]")
    link = page.locator("#token-secret").inner_text()
    screen = browser.new_context(viewport={"width": WALL[0], "height": WALL[1]}).new_page()
    screen.goto(link)
    screen.click("button[value=lanes]")
    save(screen, "wall")
    screen.goto(urljoin(base, "/wall/due/"))
    save(screen, "wall-due")


def save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")  # the API's pages build themselves
    page.wait_for_timeout(300)
    page.screenshot(path=str(IMAGES / f"{name}.png"))
    print(IMAGES / f"{name}.png")


STAGED: dict[str, Callable[[Browser, str], None]] = {
    "refused": refused,
    "worklist-stop": stop,
    "alerts-together": ticked,
    "alert": alert,
    "as-it-stood": stood,
    "notice-mail": mail,
    "signature": signature,
    "wall": wall,
}
"""Pictures for which something is done before, by the first name that they make."""


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/", sys.argv[2:])
