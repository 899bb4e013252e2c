"""Labels on the floor, in a real browser: from a wedge scanner, and from a camera that sees a film
of rendered codes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from config import static_headers
from inventory.models import Lot, Material, Movement
from tests.browser import sign_in, troubles_of
from tests.conftest import CHROMIUM_ARGUMENTS
from tests.plant import Plant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GTIN = "9501101530003"
LABEL = f"(01)0{GTIN}(17)270131(3103)002500(10)AB-1(21)S7"
WIDTH, HEIGHT, FRAMES_A_SECOND = 480, 360, 5


@pytest.fixture
def milk(plant: Plant) -> Material:
    return plant.material(code="MILK", gtin=GTIN)


def value(page: Page, name: str) -> str:
    return page.locator(f"main [name={name}]").input_value()


def test_a_delivery_is_two_scans(
    page: Page, live_server: LiveServer, plant: Plant, milk: Material
) -> None:
    troubles = troubles_of(page)
    sign_in(page, live_server, plant.operator.user.username)
    page.goto(f"{live_server.url}/work/receive/")

    # A label whose check digit is wrong: refused beside the field, which keeps the focus.
    page.keyboard.type("]C1010950110153000410AB-1")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error[role=alert]")).to_contain_text("check digit")
    assert page.evaluate("document.activeElement.name") == "material"
    assert [text for text in troubles if "409" not in text] == []

    # The label itself, with FNC1 as the key that a scanner presses for it.
    page.keyboard.type(f"]C1010{GTIN}17270131310300250010AB-1")
    page.keyboard.press("Control+]")
    page.keyboard.type("21S7")
    page.keyboard.press("Enter")
    expect(page.locator("main [name=material]")).to_have_value("MILK")
    assert page.locator(".field-error").count() == 0
    assert (value(page, "number"), value(page, "quantity")) == ("AB-1", "2.5")
    assert value(page, "expires_on") == "2027-01-31"
    page.wait_for_function("document.activeElement.name === 'location'")

    page.keyboard.type(plant.a1.code)
    page.keyboard.press("Enter")
    expect(page.locator("#verb .notice.tone-ok")).to_contain_text("2.5 KGM of MILK/AB-1")

    # The scan box knows the label too.
    page.locator("#scan-box").click()
    page.keyboard.type(f"(01)0{GTIN}(10)AB-1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_server.url}/lots/{Lot.objects.get().pk}/")


def film(path: Path, codes: list[tuple[str, zxingcpp.BarcodeFormat, bool]]) -> None:
    """Each code for two seconds, with a second of nothing after it, and a long nothing at the end:
    the film starts again when it is over."""
    blank = bytes([255]) * (WIDTH * HEIGHT)
    frames: list[bytes] = []
    for text, kind, is_gs1 in codes:
        frames += [_picture(text, kind, is_gs1)] * (2 * FRAMES_A_SECOND)
        frames += [blank] * FRAMES_A_SECOND
    frames += [blank] * (25 * FRAMES_A_SECOND)
    grey = bytes([128]) * (WIDTH * HEIGHT // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_A_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for luminance in frames:
            file.write(b"FRAME\n" + luminance + grey)


def _picture(text: str, kind: zxingcpp.BarcodeFormat, is_gs1: bool) -> bytes:
    """A white picture with the code in its middle."""
    made = zxingcpp.create_barcode(text, kind, gs1=is_gs1) if is_gs1 else (
        zxingcpp.create_barcode(text, kind)
    )  # fmt: skip
    picture = memoryview(made.to_image(scale=2 if kind == zxingcpp.BarcodeFormat.Code128 else 6))
    rows, columns = picture.shape
    top, left = (HEIGHT - rows) // 2, (WIDTH - columns) // 2
    luminance = bytearray([255]) * (WIDTH * HEIGHT)
    flat = bytes(picture)
    for row in range(rows):
        start = (top + row) * WIDTH + left
        luminance[start : start + columns] = flat[row * columns : (row + 1) * columns]
    return bytes(luminance)


@pytest.fixture
def filming(chromium: Browser, plant: Plant, milk: Material, tmp_path: Path) -> Iterator[Browser]:
    """A browser whose camera sees the label of a delivery, and then that of a place."""
    shown = tmp_path / "camera.y4m"
    film(shown, [
        (LABEL, zxingcpp.BarcodeFormat.DataMatrix, True),
        (plant.a1.code, zxingcpp.BarcodeFormat.Code128, False),
    ])  # fmt: skip
    camera = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={shown}",
    ]
    browser = chromium.browser_type.launch(
        executable_path=os.environ["FORESTAGE_CHROMIUM"], args=[*CHROMIUM_ARGUMENTS, *camera]
    )
    yield browser
    browser.close()


def as_served(route: Route) -> None:
    """The worker with the headers that WhiteNoise gives it, which the test server does not."""
    answer = route.fetch()
    headers = dict(answer.headers)
    static_headers.add(headers, "", route.request.url)
    assert "wasm-unsafe-eval" in headers["Content-Security-Policy"]
    route.fulfill(response=answer, headers=headers)


def test_the_camera_scans_a_delivery(
    filming: Browser, live_server: LiveServer, plant: Plant, milk: Material
) -> None:
    context = filming.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    troubles = troubles_of(page)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.route("**/js/camera-worker*.js", as_served)
    sign_in(page, live_server, plant.operator.user.username)
    page.goto(f"{live_server.url}/work/receive/")

    button = page.locator("main .field-camera").first
    expect(button).to_be_visible()
    assert not any("zxing" in url for url in loaded)  # nothing of the decoder until it is asked for
    button.click()
    expect(page.locator("#verb .notice.tone-ok")).to_contain_text(
        "2.5 KGM of MILK/AB-1", timeout=30_000
    )
    assert any(url.endswith(".wasm") for url in loaded)
    movement = Movement.objects.get()
    assert (movement.lot.number, movement.target) == ("AB-1", plant.a1)
    assert str(movement.lot.expires_on) == "2027-01-31"

    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator("[data-camera-panel]")).to_have_count(0)
    assert troubles == []
    context.close()
