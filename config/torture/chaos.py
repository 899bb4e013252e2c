"""What goes wrong while everybody works: `kill -9` of anything, restarts, a broker that is gone."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from config.bootstrap.servers import Server, descendants
from config.torture.stack import Stack, wait_until_whole

GRACE_SECONDS = 3.0
"""How long after all is whole again a client may still meet a connection that broke before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that went wrong. `recovered` says how many seconds until all was whole again."""

    kind: str
    began: float
    ended: float
    recovered: float

    def covers(self, moment: float) -> bool:
        """Whether a request that was answered at this moment may have suffered from it."""
        return self.began - 0.5 <= moment <= self.ended + GRACE_SECONDS


def run(stack: Stack, rng: random.Random, until: float) -> list[Trouble]:
    """Cause one trouble after the other until that time, every kind before any comes again."""
    happened: list[Trouble] = []
    kinds: list[str] = []
    while True:
        time.sleep(rng.uniform(0.5, 2.5))
        if not kinds:
            kinds = [kind for kind, cause in CAUSES.items() if is_possible(stack, kind)]
            rng.shuffle(kinds)
        if time.time() > until - 3:
            return happened
        happened.append(cause(stack, kinds.pop(), rng))


def is_possible(stack: Stack, kind: str) -> bool:
    """Whether this stack has what the trouble is about."""
    if kind.startswith("PostgreSQL"):
        return stack.postgresql is not None
    if kind.startswith("Redis"):
        return stack.redis is not None
    return True


def cause(stack: Stack, kind: str, rng: random.Random) -> Trouble:
    """Cause one trouble and wait until all is whole again."""
    began = time.time()
    CAUSES[kind](stack, rng)
    undone = time.time()
    wait_until_whole(stack)
    ended = time.time()
    return Trouble(kind=kind, began=began, ended=ended, recovered=ended - undone)


def shoot(pid: int) -> None:
    """`kill -9`, if it is still there; and see it gone, which takes a while on a busy machine."""
    deadline = time.monotonic() + GRACE_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.01)


def one_web_worker(stack: Stack, rng: random.Random) -> None:
    shoot(rng.choice(stack.web.children))


def all_web_workers(stack: Stack, _rng: random.Random) -> None:
    for pid in stack.web.children:
        shoot(pid)


def web_server(stack: Stack, _rng: random.Random) -> None:
    again(stack.web)


def celery_child(stack: Stack, rng: random.Random) -> None:
    """The process that a task runs in; on SQLite tasks run in the worker itself."""
    children = stack.worker.children
    if children:
        shoot(rng.choice(children))
    else:
        again(stack.worker)


def celery_worker(stack: Stack, _rng: random.Random) -> None:
    again(stack.worker)


def again(server: Server) -> None:
    """Kill a server with all its children, and start it."""
    server.kill()
    server.start()


def backend(stack: Stack, rng: random.Random) -> None:
    """One process of PostgreSQL: it ends all others and recovers from its log."""
    assert stack.postgresql  # noqa: S101 - `is_possible`
    shoot(rng.choice(descendants(stack.postgresql.pid)))


def whole_database(stack: Stack, rng: random.Random) -> None:
    assert stack.postgresql  # noqa: S101
    stack.postgresql.kill()
    time.sleep(rng.uniform(0, 2))
    stack.postgresql.start()


def database_restart(stack: Stack, rng: random.Random) -> None:
    """In order: sessions are ended, nothing has to be recovered."""
    assert stack.postgresql  # noqa: S101
    stack.postgresql.stop()
    time.sleep(rng.uniform(0, 2))
    stack.postgresql.start()


def broker_gone(stack: Stack, rng: random.Random) -> None:
    """Without a broker for a while; it keeps nothing on disk and comes back empty."""
    assert stack.redis  # noqa: S101
    stack.redis.kill()
    time.sleep(rng.uniform(2, 4))
    stack.redis.start()


def broker_hangs(stack: Stack, rng: random.Random) -> None:
    """The broker accepts connections, and does not answer."""
    assert stack.redis  # noqa: S101
    os.kill(stack.redis.pid, signal.SIGSTOP)
    time.sleep(rng.uniform(2, 4))
    os.kill(stack.redis.pid, signal.SIGCONT)


CAUSES: dict[str, Callable[[Stack, random.Random], None]] = {
    "web worker killed": one_web_worker,
    "all web workers killed": all_web_workers,
    "web server killed": web_server,
    "Celery child killed": celery_child,
    "Celery worker killed": celery_worker,
    "PostgreSQL process killed": backend,
    "PostgreSQL killed": whole_database,
    "PostgreSQL restarted": database_restart,
    "Redis gone": broker_gone,
    "Redis hangs": broker_hangs,
}
