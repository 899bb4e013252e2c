"""Every code that an answer can have leads to a page, and every page says what is so."""

import re
from typing import Any

import pytest
from django.test import Client

from integration.problems import pages, tables
from inventory.api.problems import STATUS
from inventory.verbs import REGISTRY
from tests.contract import codes
from tests.contract.openapi import errors_of
from tests.contract.recording import stale

RECORD = "Run: python3 manage.py test tests/core tests/api --record-examples"
PAGES = {page.code: page for page in pages.every()}


def test_every_code_has_its_page() -> None:
    lacking = codes.all_codes() - PAGES.keys()
    assert not lacking, (
        f"Write docs/problems/CODE.md for {sorted(lacking)} like a neighbour, its example empty; "
        "then run .venv/bin/python manage.py document, and your tests of it with --record-examples"
    )


def test_every_page_is_of_a_code() -> None:
    assert PAGES.keys() <= codes.all_codes(), (
        "Delete the page in docs/problems, or its name is off."
    )


def test_what_is_derived_is_up_to_date() -> None:
    for path, text in tables.written().items():
        assert path.read_text("utf-8") == text, "Run: .venv/bin/python manage.py document"


def test_a_page_is_whole() -> None:
    for code, page in PAGES.items():
        assert page.text() == page.path.read_text("utf-8"), code
        for text in (page.means, page.when, page.instead):
            assert text[0].isupper() or text[0] == "`", code
            assert text.endswith("."), code
            assert text.count("`") % 2 == 0, code
        assert code not in STATUS or page.status == STATUS[code], code


def test_a_page_has_an_example_of_its_code() -> None:
    lacking = [code for code, page in PAGES.items() if not page.example]
    assert not lacking, f"{lacking}: {RECORD}, with tests that meet the code"
    for code, page in PAGES.items():
        example = page.example
        assert not errors_of(example, {"$ref": "#/components/schemas/Problem"}), code
        assert example["status"] == page.status, code
        assert example["code"] == ("invalid" if page.inside else code)
        assert not page.inside or code in {error["code"] for error in example["errors"]}
        assert example["type"] == f"/api/problems/{example['code']}"


def test_its_example_says_what_the_source_says() -> None:
    patterns = codes.templates()
    old = [page.code for page in PAGES.values() if page.example and stale(page, patterns)]
    assert not old, f"{old}: {RECORD}"


def test_what_a_verb_says_it_refuses_has_a_page() -> None:
    for verb in REGISTRY.values():
        words = verb.run.__doc__ or ""
        claimed = set(re.findall(r"`([a-z]+_[a-z_]+)`", words.partition("Refuses")[2]))
        claimed -= set(REGISTRY) | {line.name for line in verb.fields}
        assert claimed <= PAGES.keys(), verb.name


@pytest.fixture
def anybody() -> Client:
    """Without a session or a token."""
    return Client()


@pytest.mark.django_db
def test_a_type_leads_to_a_page(anybody: Client) -> None:
    answer = anybody.get("/api/problems/lot_on_hold", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "Accept" in answer["Vary"]
    for part in ("An open hold stops the lot", "409 Conflict", "What to do", "facts.alternatives"):
        assert part in answer.text
    assert "<script>" not in answer.text
    assert "style=" not in answer.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/markdown", "text/markdown; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("image/png", "text/html; charset=utf-8"),
    ],
)
@pytest.mark.django_db
def test_who_asks_for_another_form_gets_it(anybody: Client, accept: str, kind: str) -> None:
    answer = anybody.get("/api/problems/not_enough", headers={"Accept": accept})
    assert answer["Content-Type"] == kind
    if kind == "application/json":
        page = PAGES["not_enough"]
        assert answer.json() == {
            "type": "/api/problems/not_enough",
            "code": "not_enough",
            "status": 409,
            "inside": None,
            "means": page.means,
            "when": page.when,
            "instead": page.instead,
            "example": page.example,
        }
    elif kind != "text/html; charset=utf-8":
        assert answer.text == PAGES["not_enough"].text()


@pytest.mark.django_db
def test_the_index_names_them_all(anybody: Client) -> None:
    page = anybody.get("/api/problems/").text
    assert all(f'href="/api/problems/{code}"' in page for code in PAGES)
    plain = anybody.get("/api/problems/", headers={"Accept": "application/json"}).json()
    assert [found["code"] for found in plain["problems"]] == list(PAGES)


@pytest.mark.parametrize("code", ["nothing", "README", "..%2Fapi", "%00", "LOT_ON_HOLD"])
@pytest.mark.django_db
def test_what_is_no_code_is_not_found(anybody: Client, code: str) -> None:
    answer: Any = anybody.get(f"/api/problems/{code}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.django_db
def test_pages_are_only_read(anybody: Client) -> None:
    assert anybody.post("/api/problems/not_found").status_code == 405
