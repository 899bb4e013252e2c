"""Every code that the source can answer with, found in the source itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from rest_framework import exceptions

from config.bootstrap.environment import ROOT
from inventory import attempts
from inventory.api.problems import STATUS
from quality.gate import STOP_LABELS

APPS = ("inventory", "quality", "staging", "integration")
FOR_PEOPLE = {"guided", "imports", "management", "migrations", "templatetags", "views"}
"""Folders that show a refusal on a page or in a report of rows, and never as a problem."""
PAGES_OF_THEIR_OWN = {"kept", "scanned_forms", "form_fields", "forms", "at_stop"}
IN_THE_ADMIN = {"escalates_to_qa_only", "no_times"}
"""Codes of models that only a form of the admin changes."""
REFUSERS = {"Refused", "refusal", "_stopped", "_refused", "DateStop", "TimeStop"}
ERRORS = {
    "_wrong": 2,
    "Unanswerable": 1,
    "unreadable": 0,
    "ErrorDetail": 1,
    "ValidationError": 1,
    "_detail": 1,
    "_invalid": 0,
    "_plain": 1,
}
"""What makes a detail of a 400, and which of its arguments is the code."""
OF_THE_FRAMEWORK = {
    kind.default_code
    for kind in vars(exceptions).values()
    if isinstance(kind, type) and issubclass(kind, exceptions.APIException)
} - {"error"}
OF_FIELDS = {
    "required", "null", "blank", "invalid_choice", "max_length", "max_digits",
    "max_whole_digits", "max_decimal_places", "min_value", "max_value", "server_error",
    "null_characters_not_allowed", "bad_gln", "bad_identifier", "bad_days",
}  # fmt: skip
"""What fields of REST framework and of Django say, and validators of ours, as far as they can."""


def all_codes() -> set[str]:
    """The codes that a problem, or one of its `errors`, can have."""
    found = {code for path in sources() for code in codes_in(path)}
    named = {*STATUS, attempts.OUT_OF_SCOPE}  # by a constant of theirs
    return (found | named | set(STOP_LABELS) | OF_THE_FRAMEWORK | OF_FIELDS) - IN_THE_ADMIN


def templates() -> dict[str, list[str]]:
    """What refusals of a code say, as patterns, where it stands in the source as one text."""
    found: dict[str, list[str]] = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                keywords = {keyword.arg: keyword.value for keyword in node.keywords}
                for code in _words(keywords["code"]):
                    found.setdefault(code, []).append(_pattern(node.args[0]))
    return found


def _pattern(text: ast.AST) -> str:
    """A text that is not written out there may be any."""
    if not (isinstance(text, ast.Call) and isinstance(text.args[0], ast.Constant)):
        return ".*"
    parts = re.split(r"%\(\w+\)[sd]", str(text.args[0].value))
    return ".*".join(re.escape(part) for part in parts)


def sources() -> Iterator[Path]:
    """The modules from which something can come to be a problem."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            inside = path.relative_to(ROOT / app)
            if not {*inside.parts[:-1], inside.stem} & (FOR_PEOPLE | PAGES_OF_THEIR_OWN):
                yield path


def codes_in(path: Path) -> Iterator[str]:
    """Of `Refused(code=…)`, of helpers that make one, of `wrong = "code", …`, of REST framework's
    exceptions and of `default_code`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Assign):
            name = getattr(node.targets[0], "id", "")
            if name == "wrong" and isinstance(node.value, ast.Tuple):
                yield from _words(node.value.elts[0])
            elif name == "default_code":
                yield from _words(node.value)


def _of_call(node: ast.Call) -> Iterator[str]:
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if name in REFUSERS and "code" in keywords:
        yield from _words(keywords["code"])
    elif name in REFUSERS and node.args and isinstance(node.args[0], ast.Constant):
        yield from _words(node.args[0])
    elif name == "code_of" and not node.keywords:
        yield "rule_denies"
    elif name in ERRORS and "code" in keywords:
        yield from _words(keywords["code"])
    elif name in ERRORS and len(node.args) > ERRORS[name]:
        yield from _words(node.args[ERRORS[name]], "[a-z]+(_[a-z]+)*")


def _words(node: ast.AST, form: str = r"[a-z]+(_[a-z\d]+)+") -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and re.fullmatch(form, str(inner.value)):
            yield str(inner.value)
