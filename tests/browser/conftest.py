"""What tests in a browser begin with."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser import troubles_of


@pytest.fixture
def troubles(page: Page) -> Iterator[list[str]]:
    """What fails on the page while the test lasts: nothing may."""
    found = troubles_of(page)
    yield found
    assert found == []
