"""One server process that can be stopped, killed and started again, on the same port and data."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from config.bootstrap import processes
from config.bootstrap.terminal import SetupError

START_SECONDS = 120


class Server:
    """A server and how it is asked to end. `is_ready` is told the process id of this start.

    Start it from a thread that lives as long as the server shall: the kernel ends the server with
    the thread that started it.
    """

    def __init__(
        self,
        command: list[str],
        *,
        log: Path,
        is_ready: Callable[[int], bool],
        how: signal.Signals = signal.SIGTERM,
        url: str = "",
        **options: Any,
    ) -> None:
        self.command, self.log, self.is_ready, self.how = command, log, is_ready, how
        self.url = url
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server; 0 when it does not run."""
        return self.process.pid if self.process and self.process.poll() is None else 0

    @property
    def children(self) -> list[int]:
        """The process ids of what the server has started."""
        return descendants(self.pid) if self.pid else []

    def launch(self) -> None:
        """Start it, without waiting until it accepts work."""
        with self.log.open("ab") as output:
            self.process = processes.start(
                self.command, dying=self.how.name[3:], stdout=output, stderr=output, **self.options
            )

    def start(self) -> None:
        """Start it, and return when it accepts work. Raises SetupError with its log."""
        self.launch()
        self.wait()

    def wait(self) -> None:
        """Return when it accepts work. Raises SetupError with its log when that fails."""
        deadline = time.monotonic() + START_SECONDS
        while not self.pid or not self.is_ready(self.pid):
            if not self.pid or time.monotonic() > deadline:
                shown = self.log.read_text(errors="replace")
                raise SetupError(f"{self.command[0]} did not start:\n{shown}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Let it end in order."""
        if self.process:
            processes.stop(self.process, self.how)

    def kill(self) -> None:
        """End it and all that it started at once, as a power cut does."""
        if not self.pid or self.process is None:
            return
        os.kill(self.pid, signal.SIGSTOP)  # it must not start another child meanwhile
        for pid in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with processes.uninterrupted():
            self.stop()


def descendants(pid: int) -> list[int]:
    """The process ids below one process, the nearest first. From /proc, so on Linux only."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            after_name = entry.read_text().rpartition(")")[2].split()
            if after_name[0] != "Z":  # dead, and only not yet collected by its parent
                parents.setdefault(int(after_name[1]), []).append(int(entry.parent.name))
    found = list(parents.get(pid, []))
    for child in found:  # grows while we walk it
        found += parents.get(child, [])
    return found
