"""With `--record-examples`: the problems that a test run meets become the examples of their pages.

An example stays as it is while it still says what the source says.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import orjson
from django.utils import translation
from rest_framework.utils.encoders import JSONEncoder

from integration.problems import pages
from integration.problems.pages import ProblemPage
from inventory.api import problems
from inventory.errors import Refused
from tests.contract import codes

Problem = dict[str, Any]


class Recorder:
    """Keeps one problem for each code that a run meets."""

    def __init__(self) -> None:
        self.met: dict[str, Problem] = {}
        self._refused: list[Refused] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        ordinary, make = Refused.__init__, problems._problem

        def refuse(refusal: Refused, *args: Any, **options: Any) -> None:
            ordinary(refusal, *args, **options)
            if in_english():
                self._refused.append(refusal)

        def problem(*args: Any, **options: Any) -> Problem:
            made = make(*args, **options)
            if in_english():
                self.keep(made)
            return made

        with patch.object(Refused, "__init__", refuse), patch.object(problems, "_problem", problem):
            yield

    def after_a_test(self) -> None:
        """By now each refusal knows its line and field. Those that come inside `invalid` are never
        answered alone: such a problem has to be met as it is."""
        inside = {page.code for page in pages.every() if page.inside}
        for refusal in self._refused:
            if str(refusal.code) not in self.met.keys() | inside and refusal.all == [refusal]:
                self.keep(problems.refusal_problem(refusal))
        self._refused.clear()

    def keep(self, problem: Problem) -> None:
        for code in (problem["code"], *(error["code"] for error in problem["errors"])):
            self.met.setdefault(str(code), problem)

    def write(self) -> list[str]:
        """Give the pages that need one their examples; their codes."""
        patterns = codes.templates()
        wanting = [
            page for page in pages.every() if page.code in self.met and stale(page, patterns)
        ]
        for page in wanting:
            fresh = replace(page, example=as_sent(self.met[page.code], page))
            fresh.path.write_text(fresh.text(), encoding="utf-8")
        return [page.code for page in wanting]


def in_english() -> bool:
    return str(translation.get_language() or "en").startswith("en")


def as_sent(problem: Problem, page: ProblemPage) -> Problem:
    """In plain JSON, and with no more errors than it takes to see what is meant."""
    plain: Problem = orjson.loads(
        orjson.dumps(problem, default=JSONEncoder().default, option=orjson.OPT_NON_STR_KEYS)
    )
    of_code = [error for error in plain["errors"] if error["code"] == page.code]
    return plain | {"errors": (of_code or plain["errors"])[:1]}


def stale(page: ProblemPage, patterns: dict[str, list[str]]) -> bool:
    """Whether it has no example, or one that the source cannot say any more."""
    if not page.example or page.example["status"] != page.status:
        return True
    said = next(
        (error["detail"] for error in page.example["errors"] if error["code"] == page.code),
        page.example["detail"],
    )
    known = patterns.get(page.code, [".*"])
    return not any(re.fullmatch(pattern, said, re.DOTALL) for pattern in known)
