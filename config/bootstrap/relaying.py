"""What the demo's processes say: all of it in a file, and at the terminal what matters.

Standard library only, as all that starts us must be.
"""

import contextlib
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from config.bootstrap.terminal import coloured

REQUEST = re.compile(r"^(?P<method>[A-Z]+) \S+ HTTP/[\d.]+ (?P<status>\d{3}) ")
ENTRY = re.compile(r"^(?:\d{4}-\d\d-\d\d [\d:,]+ |\[[^]]+\] \[\d+\] \[)(?P<level>[A-Z]+)\b")
QUIET = ("DEBUG", "INFO")
READING = ("GET", "HEAD", "OPTIONS")


def matters(text: str, *, before: bool) -> bool:
    """Whether somebody who looks on should see a line: what changes something, is refused or goes
    wrong. What is neither a request nor an entry goes with the line `before` it, as tracebacks do.
    """
    if request := REQUEST.match(text):
        return request["method"] not in READING or request["status"] >= "500"
    if entry := ENTRY.match(text):
        return entry["level"] not in QUIET
    return before


def shown(name: str, text: str) -> None:
    """Print a line with its child's name in front; go on when our own output is gone."""
    with contextlib.suppress(OSError):
        print(coloured(f"[{name}]".ljust(9), name), text, flush=True)


def lines(output: IO[bytes]) -> Iterator[str]:
    """A child's lines, until it ends."""
    for line in output:
        yield line.decode(errors="replace").rstrip()


def relay(name: str, output: IO[bytes]) -> None:
    """Print all that a child says."""
    for text in lines(output):
        shown(name, text)


class Log:
    """A file that takes every line, while the terminal shows those that matter. That of the run
    before is kept beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists():
            path.replace(path.with_name(f"{path.name}.1"))
        self._file = path.open("w", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def relay(self, name: str, output: IO[bytes]) -> None:
        shows = True
        for text in lines(output):
            self._keep(f"{datetime.now(UTC):%H:%M:%S} [{name}] {text}\n")
            shows = matters(text, before=shows)
            if shows:
                shown(name, text)

    def _keep(self, line: str) -> None:
        with self._lock, contextlib.suppress(OSError):  # a full disk does not stop the demo
            self._file.write(line)
