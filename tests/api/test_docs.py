"""docs/api.md lists every refusal code that a verb can answer, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.verbs import REGISTRY
from quality.gate import STOP_LABELS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/api.md"
SURFACES = {
    "admin", "api", "forms", "guided", "management", "migrations", "templatetags", "views",
}  # fmt: skip
NOT_VERBS = {"displays", "master", "rules"}
"""Actions that only the admin offers."""


def sources() -> Iterator[Path]:
    """The modules that decide: everything below the surfaces."""
    for app in ("inventory", "quality", "staging", "integration/external", "integration/inbound"):
        for path in (ROOT / app).rglob("*.py"):
            inside = path.relative_to(ROOT / app)
            names = {*inside.parts[:-1], inside.stem}
            if not names & (SURFACES | NOT_VERBS) and not inside.stem.startswith("form"):
                yield path
    yield from (ROOT / "integration/exports").rglob("*.py")


def texts(node: ast.AST) -> Iterator[str]:
    for found in ast.walk(node):
        if isinstance(found, ast.Constant) and re.fullmatch(
            r"[a-z]+(_[a-z\d]+)+", str(found.value)
        ):
            yield str(found.value)


def codes_in(path: Path) -> Iterator[str]:
    """`Refused(code=…)`, the first argument of helpers that make one, and `wrong = "code", …`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            if name == "Refused":
                yield from texts(keywords["code"])
            elif name in ("_stopped", "_refused") and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "wrong":
            yield from texts(node.value.elts[0] if isinstance(node.value, ast.Tuple) else node)


@pytest.fixture(scope="module")
def documented() -> set[str]:
    refused = PAGE.read_text().split("## Refusals", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", refused, re.MULTILINE)
    assert len(rows) == len({code for code, _meaning in rows})
    assert all(meaning.strip() for _code, meaning in rows)
    return {code for code, _meaning in rows}


def test_every_refusal_is_documented(documented: set[str]) -> None:
    refused = {code for path in sources() for code in codes_in(path)} | set(STOP_LABELS)
    assert documented == refused


def test_what_a_verb_says_it_refuses_exists(documented: set[str]) -> None:
    for verb in REGISTRY.values():
        words = verb.run.__doc__ or ""
        claimed = set(re.findall(r"`([a-z]+_[a-z_]+)`", words.partition("Refuses")[2]))
        claimed -= set(REGISTRY) | {line.name for line in verb.fields}
        unknown = claimed - documented - {"bad_code"}
        assert not unknown, verb.name
