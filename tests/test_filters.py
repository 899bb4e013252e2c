"""The filters above the lists: what is folded away, what is in use, what cannot be meant."""

import re

import pytest
from django.test import Client
from django.utils import translation

from inventory.wording import inside
from staging.models import AlertLevel, DemandKind
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> Client:
    client = Client()
    client.force_login(UserFactory(role="supervisor"))
    return client


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def fold(html: str) -> tuple[bool, str, set[str]]:
    """Whether it is open, how many of its filters are said to be in use, and which it has."""
    [(opened, inner)] = re.findall(
        r'<details class="more-filters"( open)?>(.*?)</details>', html, re.S
    )
    count = re.search(r'more-filters-count">(\d+)', inner)
    names = re.findall(r'<(?:input|select)[^>]* name="(\w+)"', inner)
    return bool(opened), count[1] if count else "", set(names)


ALERTS = {"level", "area", "acknowledged", "snoozed", "state"}


@pytest.mark.parametrize(
    ("path", "opened", "count", "names"),
    [
        ("/alerts/", False, "", ALERTS),
        ("/alerts/?whose=all&severity=critical", False, "", ALERTS),
        ("/alerts/?area=NOWHERE&state=all", True, "2", ALERTS),
        ("/", False, "", {"area", "customer", "route", "carrier"}),
        ("/?route=North", True, "1", {"area", "customer", "route", "carrier"}),
        ("/audit/?order=oldest", True, "1", {"why", "action", "surface", "order"}),
        ("/stock/?by=lot", False, "", {"kind", "category"}),
        ("/numbers/trends/", False, "", {"material", "kind", "shift"}),
    ],
)
def test_what_is_asked_for_seldom_is_folded_away_unless_in_use(
    reader: Client, path: str, opened: bool, count: str, names: set[str]
) -> None:
    assert fold(page(reader, path)) == (opened, count, names)


def test_a_wrong_value_is_not_hidden(reader: Client) -> None:
    shown = page(reader, "/refused-attempts/?rule=x")
    assert fold(shown)[0]
    assert "Nothing was looked for" in shown
    assert "Nothing was recorded" not in shown
    assert "Shown as if that had been left empty" in page(reader, "/demands/?state=x")


@pytest.mark.parametrize("path", ["/lots/", "/notices/", "/numbers/flow/", "/numbers/staged/"])
def test_few_filters_are_not_folded(reader: Client, path: str) -> None:
    assert "more-filters" not in page(reader, path)


@pytest.mark.parametrize(
    "path",
    [
        "/refused-attempts/?since=9999-12-31",
        "/refused-attempts/?until=9999-12-31",
        "/audit/?since=0001-01-01T00:00:00%2B14:00",
        "/audit/?until=9999-12-31T23:59",
    ],
)
def test_days_that_nobody_can_mean_are_refused(reader: Client, path: str) -> None:
    assert "Ensure this value is" in page(reader, path)


def test_abbreviations_keep_their_capitals_within_a_sentence() -> None:
    assert inside(AlertLevel.QA.label) == "QA"
    assert inside(AlertLevel.SUPERVISOR.label) == "supervisor"
    assert inside(DemandKind.PRODUCTION.label) == "production order"
    with translation.override("de"):
        assert str(inside(AlertLevel.SUPERVISOR.label)) == str(AlertLevel.SUPERVISOR.label)
