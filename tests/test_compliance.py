"""The trace of requirements: each has its row, and each test that a row names is there."""

import ast
import csv
import os
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/compliance.md"
OF_THE_LIST = [f"R{number:02}" for number in range(1, 41)]
IDS = [*OF_THE_LIST, *(f"X{number:02}" for number in range(1, 8))]
"""The list's own, then those about what leaves and which systems take part."""

LIST = Path(
    os.environ.get("FORESTAGE_REQUIREMENTS")
    or ROOT.parent / "shared/requirements/part11_annex11_requirements.csv"
)
"""The list of requirements that the trace follows; it is not part of the product."""

STANDINGS = {"yes", "partly", "deployer", "not yet"}
TEST = re.compile(r"\[`(?P<node>[^`]+)`\]\(\.\./(?P<file>tests/[\w/]+\.py)\)")


def rows() -> dict[str, list[str]]:
    """The cells of each row of the table, by id."""
    found: dict[str, list[str]] = {}
    for line in PAGE.read_text().splitlines():
        if re.match(r"\| [RX]\d", line):
            name, *cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            assert name.strip() not in found, name
            found[name.strip()] = cells
    return found


ROWS = rows()


@cache
def defined(file: Path) -> frozenset[str]:
    """The tests of a file as pytest names them, without parameters."""
    names = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{part.name}" for part in _functions(node.body)}
    return frozenset(names | {part.name for part in _functions(ast.parse(file.read_text()).body)})


def _functions(body: list[ast.stmt]) -> list[ast.FunctionDef]:
    return [node for node in body if isinstance(node, ast.FunctionDef)]


def test_every_requirement_has_its_row() -> None:
    assert list(ROWS) == IDS


@pytest.mark.parametrize("name", IDS)
def test_every_test_that_is_named_is_there(name: str) -> None:
    standing, _what, _where, shown = ROWS[name]
    assert standing in STANDINGS
    named = list(TEST.finditer(shown))
    for match in named:
        file = ROOT / match["file"]
        assert file.is_file(), match["file"]
        assert match["node"] in defined(file), match["node"]
    if standing in ("yes", "partly"):
        assert named, "what is said to be done is shown by a test"
    links = re.findall(r"\]\(\.\./tests/", shown)
    assert len(links) == len(named), "a link that is no test"


@pytest.mark.parametrize("name", IDS)
def test_every_module_that_is_named_is_there(name: str) -> None:
    where = ROWS[name][2]
    for path in re.findall(r"`([\w/.]+\.(?:py|md|html)|[\w/]+/)`", where):
        assert (ROOT / path).exists(), path


@pytest.mark.skipif(not LIST.exists(), reason=f"{LIST.name} is not here")
def test_the_rows_are_those_of_the_list() -> None:
    with LIST.open(newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == OF_THE_LIST


def test_no_certificate_is_claimed() -> None:
    said = " ".join(PAGE.read_text().lower().split())
    assert "no certificate" in said
    claims = (r"is certified", r"(fda|gmp|annex 11|part 11)[- ](approved|certified|compliant)")
    assert not [claim for claim in claims if re.search(claim, said)]
