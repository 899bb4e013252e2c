"""Child processes that never outlive us: started together, watched, and stopped together."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Any, NoReturn, Self

from config.bootstrap import relaying
from config.bootstrap.terminal import SetupError

GRACE_SECONDS = 10
Relay = Callable[[str, IO[bytes]], None]
Handler = Callable[[int, FrameType | None], None] | signal.Handlers | int | None


def start(
    command: Sequence[str], *, dying: str = "TERM", **options: Any
) -> "subprocess.Popen[bytes]":
    """Start a process in a session of its own: Ctrl-C reaches us, and we decide who stops when.

    If even `kill -9` ends us, the kernel sends the child the signal named by `dying`, on Linux.
    """
    if shutil.which("setpriv"):
        command = ["setpriv", "--pdeathsig", dying, "--", *command]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)


def stop(process: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGTERM) -> None:
    """Ask a process to end; kill it and its own children when it doesn't in time."""
    if process.poll() is None:
        process.send_signal(how)
    reap(process)


def reap(process: "subprocess.Popen[bytes]", seconds: float = GRACE_SECONDS) -> None:
    """Wait for the end of a process that was asked to stop, and enforce it."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def handling(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Answer signals in these ways while the block lasts."""
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def termination_as_interrupt() -> contextlib.AbstractContextManager[None]:
    """Let SIGTERM and a closed terminal unwind the program as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    return handling(dict.fromkeys((signal.SIGTERM, signal.SIGHUP), interrupt))


def uninterrupted() -> contextlib.AbstractContextManager[None]:
    """Finish cleaning up, however often the reader presses Ctrl-C meanwhile."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return handling(dict.fromkeys(numbers, signal.SIG_IGN))


def run_until_done(command: Sequence[str], env: Mapping[str, str], directory: Path) -> int:
    """Run a program in the foreground of our terminal; give its exit code, as a shell would.

    Ctrl-C reaches it from the terminal by itself. SIGTERM reaches us alone, and is passed on.
    """
    program = subprocess.Popen(command, env=env, cwd=directory)

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        program.send_signal(signal.SIGINT)

    def let_it_finish(_number: int, _frame: FrameType | None) -> None:
        """It got the same signal."""

    answers = {signal.SIGINT: let_it_finish, signal.SIGTERM: pass_on, signal.SIGHUP: pass_on}
    with handling(answers):
        code = program.wait()
    return code if code >= 0 else 128 - code


class Family:
    """Named children. What each says is handed on line by line, as `relay` does."""

    def __init__(
        self, *, env: Mapping[str, str], directory: Path, relay: Relay = relaying.relay
    ) -> None:
        self.env = env
        self.directory = directory
        self.relay = relay
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.relays: list[threading.Thread] = []

    def start(self, name: str, *command: str) -> None:
        """Start one more child."""
        child = start(
            command,
            env=self.env,
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.children[name] = child
        relay = threading.Thread(target=self.relay, args=(name, child.stdout), daemon=True)
        relay.start()
        self.relays.append(relay)

    def death_of(self, name: str) -> str:
        """How a child ended; empty while it lives."""
        code = self.children[name].poll()
        return "" if code is None else f"{name} stopped by itself with exit code {code}"

    def check(self) -> None:
        """Raise SetupError when a child has died."""
        for name in self.children:
            if death := self.death_of(name):
                raise SetupError(f"{death}: the demo stops.")

    def watch(self) -> NoReturn:
        """Stay until a child dies, which raises SetupError."""
        while True:
            self.check()
            time.sleep(0.3)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with uninterrupted():
            for child in self.children.values():
                if child.poll() is None:
                    child.terminate()
            deadline = time.monotonic() + GRACE_SECONDS
            for child in self.children.values():
                reap(child, max(0.1, deadline - time.monotonic()))
            for relay in self.relays:
                relay.join(1)
