"""Fixtures for all tests, and which tests this machine can run."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

# Playwright's synchronous interface keeps an event loop in the main thread, and Django would
# take the tests' own database access for a mistake.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, by name, what needs a server or a browser that this run does not have."""
    reasons = missing()
    for item in items:
        for marker, reason in reasons.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def missing() -> dict[str, str]:
    """The markers that cannot be served, each with the reason."""
    reasons = {}
    if os.environ.get("FORESTAGE_TEST_DATABASE") == "sqlite":
        reasons["browser"] = "browser tests run with PostgreSQL, not in the run on SQLite"
    elif not os.environ.get("FORESTAGE_CHROMIUM"):
        reasons["browser"] = "needs a browser: python3 manage.py test"
    if not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        reasons["postgres"] = "needs PostgreSQL: this run is on SQLite"
    if not settings.REDIS_URL:
        reasons["redis"] = "needs Redis: python3 manage.py test"
    return reasons


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A Redis database that belongs to this test process."""
    return str(settings.REDIS_URL)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own browser, started once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["FORESTAGE_CHROMIUM"], args=CHROMIUM_ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a fresh browser profile, on the screen that a workstation has."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()
