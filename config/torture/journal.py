"""What one client sent and what it was answered, written down before and after, and synced.

A journal outlives its client: what stands there as sent without a last word is sent again with
the same key until it is answered.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Outcome(StrEnum):
    """What the client knows after one attempt."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    """By a rule of the product, or because the request cannot be understood: nothing was done."""
    UNAVAILABLE = "unavailable"
    """The server said that it cannot now: perhaps nothing was done."""
    UNKNOWN = "unknown"
    """The connection broke, or no answer came in time."""
    FAILED = "failed"
    """A mistake of the server: status 500, or an exception that is none of ours."""


IN_USE = "idempotency_key_in_use"
"""What is answered while another attempt of the same request is under way."""

LAST_WORDS = (Outcome.ACKNOWLEDGED, Outcome.REFUSED)
"""After these the client need not ask again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing asked for. `at` is unlike that of any other request of the same client."""

    key: str
    verb: str
    body: dict[str, Any]
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one attempt."""

    outcome: Outcome
    status: int = 0
    code: str = ""
    content: Any = None
    replayed: bool = False


def movements_of(content: Any) -> list[dict[str, Any]]:
    """The movements that an acknowledged answer tells of, also where only a part was done."""
    results = content.get("results", [content])
    return [row for result in results for row in result.get("movements", [])]


def was_done(content: Any) -> bool:
    """Whether an acknowledged request had an effect: of a partial one all lines can be refused."""
    return any(result.get("status") != "refused" for result in content.get("results", [content]))


@dataclass(slots=True)
class Attempt:
    """One sending of a request, as read back from a journal."""

    sent_at: float
    answered_at: float = 0.0
    answer: Answer | None = None


@dataclass(slots=True)
class Entry:
    """Everything a journal holds about one key."""

    client: str
    request: Request
    attempts: dict[int, Attempt] = field(default_factory=dict)

    @property
    def answers(self) -> list[Answer]:
        return [attempt.answer for attempt in self.attempts.values() if attempt.answer]

    @property
    def acknowledged(self) -> list[Answer]:
        return [found for found in self.answers if found.outcome == Outcome.ACKNOWLEDGED]

    @property
    def has_last_word(self) -> bool:
        return any(found.outcome in LAST_WORDS for found in self.answers)


class Journal:
    """Append-only; each line is on the disk before the client goes on. Safe to share by threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")
        self._number = 0

    def sent(self, request: Request) -> int:
        """Note that an attempt is about to be made; its number."""
        with self._lock:
            self._number += 1
            number = self._number
            self._write({"try": number, "request": asdict(request), "t": time.time()})
        return number

    def answered(self, number: int, answer: Answer) -> None:
        """Note what came of it."""
        with self._lock:
            self._write({"try": number, "answer": asdict(answer), "t": time.time()})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def read(path: Path) -> dict[str, Entry]:
    """A journal's entries by key, in the order in which they were first sent."""
    entries: dict[str, Entry] = {}
    of_try: dict[int, Entry] = {}
    for line in _lines(path):
        number = line["try"]
        if "request" in line:
            request = Request(**line["request"])
            entry = entries.setdefault(request.key, Entry(path.stem, request))
            entry.attempts[number] = Attempt(sent_at=line["t"])
            of_try[number] = entry
        else:
            attempt = of_try[number].attempts[number]
            found = line["answer"]
            attempt.answer = Answer(**found | {"outcome": Outcome(found["outcome"])})
            attempt.answered_at = line["t"]
    return entries


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for text in file:
            yield json.loads(text)


def read_all(folder: Path) -> list[Entry]:
    """The entries of every journal in a folder."""
    return [entry for path in sorted(folder.glob("*.jsonl")) for entry in read(path).values()]
