"""Helpers for tests that drive a browser."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

expect.set_options(timeout=60_000)  # a machine that is busy stands still for seconds


def sign_in(page: Page, live_server: LiveServer, username: str) -> None:
    """Give the browser a signed-in session. The sign-in form has tests of its own."""
    client = Client()
    client.force_login(get_user_model().objects.get_by_natural_key(username))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )


POLICY = "Content Security Policy"


def troubles_of(page: Page, *, about: str = "") -> list[str]:
    """What fails on the page, as it happens: scripts, and what the console calls an error; or,
    where answers that are errors are part of the test, what it says `about` something."""
    found: list[str] = []

    def listen(said: ConsoleMessage) -> None:
        if about in said.text if about else said.type == "error":
            found.append(f"{page.url}: {said.text}")

    page.on("pageerror", lambda error: found.append(f"script: {error}"))
    page.on("console", listen)
    return found
