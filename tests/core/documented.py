"""The refusal codes that docstrings name and that the source can raise."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from config.bootstrap.environment import ROOT
from inventory import actions as stock
from inventory.models import LotStatus
from quality import actions as quality
from quality.gate.stops import PLAIN_DENY, STOP_LABELS
from staging import actions as staging

APPS = ("inventory", "quality", "staging")
REFUSERS = {"DateStop", "TimeStop", "_stopped", "_refused", "refusal"}
"""What makes a refusal of the code that it is given first."""
PHRASES = {
    "gate's codes": frozenset(STOP_LABELS) | {"reason_needed", "stands_in_quarantine"},
    "quantity codes": frozenset(
        [
            "quantity_not_above_zero",
            "quantity_too_large",
            "quantity_too_fine",
            "unit_unknown",
            "serial_is_one",
        ]
    ),
    "signature codes": frozenset(
        [
            "signature_wrong",
            "signatures_differ",
            "wrong_signer",
            "signer_cannot_sign",
            "signer_locked",
            "password_change_due",
            "acknowledgement_needed",
            "second_factor_needed",
        ]
    ),
}
EVERYWHERE = frozenset({"time_in_future"})
"""Every action is stamped, and the stamp looks at the clock."""


def verbs() -> dict[str, Callable[..., Any]]:
    """Every action by name; quality's splitting and merging stand before inventory's."""
    return {
        name: getattr(module, name)
        for module in (stock, quality, staging)
        for name in module.__all__
        if callable(getattr(module, name)) and not isinstance(getattr(module, name), type)
    } | {"reverse_stock": stock.reverse}


def own(verb: Callable[..., Any]) -> set[str]:
    """The codes that the docstring names itself."""
    return _codes(_refusals(verb.__doc__ or "")) - set(verbs())


def documented(verb: Callable[..., Any], seen: frozenset[str] = frozenset()) -> set[str]:
    """Those, and what it takes over: `as x does`, the gate's codes, the quantity codes."""
    text = _refusals(verb.__doc__ or "")
    found = own(verb) | EVERYWHERE
    for phrase, codes in PHRASES.items():
        if phrase in text:
            found |= codes
    for name in _codes(text) & set(verbs()) - seen:
        if re.search(rf"(as|what)\b[^.]*`([\w.]+\.)?{name}`[^.]*\bdo(es)?\b", text):
            other = vars(stock)[name] if f"inventory.actions.{name}" in text else verbs()[name]
            found |= documented(other, seen | {name})
    return found


def raised_in_source() -> set[str]:
    """Every code that stands in the source of the actions and of what they are built on."""
    return {code for path in _sources() for code in _raised(path)} | {
        f"lot_{status}" for status in LotStatus if status in PLAIN_DENY
    }


def _sources() -> Iterator[Path]:
    for app in APPS:
        yield from (ROOT / app).glob("actions/*.py")
        yield from (ROOT / app).glob("*.py")
        yield from (ROOT / app).glob("gate/*.py")


def _raised(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "code" and _name(node.func) in ("Refused", "_stopped"):
                    yield from _words(keyword.value)
            if _name(node.func) in REFUSERS and node.args:
                yield from _words(node.args[0])
            if _name(node.func) == "code_of":
                yield "rule_denies"
        if isinstance(node, ast.Assign):
            name = _name(node.targets[0])
            if name == "CODE":
                yield from _words(node.value)
            elif name == "wrong" and isinstance(node.value, ast.Tuple):
                yield from _words(node.value.elts[0])


def _name(node: ast.AST) -> str:
    return getattr(node, "id", getattr(node, "attr", ""))


def _words(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and re.fullmatch(
            r"[a-z]+(_[a-z\d]+)+", str(inner.value)
        ):
            yield str(inner.value)


def _refusals(text: str) -> str:
    found = re.search(r"\b[Rr]efuses\b.*", text, re.DOTALL)
    return " ".join(found.group().split()) if found else ""


def _codes(text: str) -> set[str]:
    return {word.split(".")[-1] for word in re.findall(r"`([\w.]+)`", text)} - {"next_demand"}
