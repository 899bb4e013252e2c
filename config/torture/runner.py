"""Conduct a run: servers, clients, chaos, then the proof."""

import contextlib
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.bootstrap import processes
from config.bootstrap.environment import ROOT
from config.bootstrap.terminal import SetupError, say
from config.torture import chaos, journal, summary
from config.torture.client import SETTLE_SECONDS
from config.torture.stack import SWEEP_SECONDS, Stack, wait_until_whole
from config.torture.summary import Run

BAD_NEWS = re.compile(r"deadlock detected|PANIC|could not serialize|invalid page|corrupt")
START_SECONDS = 60
DRAIN_SECONDS = 60


def run(stack: Stack, *, seconds: float, seed: str, clients: int, database: str) -> Run:
    """Torture a running stack for some time, and prove what came of it."""
    names = [f"{'http' if is_http(index) else 'door'}{index}" for index in range(clients)]
    stack.admit(names)
    journals = stack.var / "journals"
    journals.mkdir()
    with contextlib.ExitStack() as exits:
        children = [exits.enter_context(client(stack, name, seed, seconds)) for name in names]
        wait_for_work(journals, names)
        until = time.time() + seconds
        troubles = chaos.run(stack, random.Random(seed), until)  # noqa: S311
        say("Waiting for the clients to settle what is unanswered")
        codes = [child.wait(max(1, until - time.time()) + SETTLE_SECONDS) for child in children]
    wait_until_whole(stack)
    drain(stack)
    entries = journal.read_all(journals)
    say("Opening the books")
    findings = [
        *(
            f"client: {name} ended with {code}"
            for name, code in zip(names, codes, strict=True)
            if code
        ),
        *stack.run("proof", journals=str(journals), clients=names),
        *summary.out_of_the_blue(entries, troubles),
        *summary.worked_without_broker(entries, troubles),
        *(f"PostgreSQL: {line}" for line in bad_news(stack.database_log)),
    ]
    return Run(
        database=database, seed=seed, processes=clients, seconds=seconds, entries=entries,
        troubles=troubles, findings=findings,
    )  # fmt: skip


def is_http(index: int) -> bool:
    """Every fourth client works in process, the others over HTTP."""
    return index % 4 != 3


@contextlib.contextmanager
def client(
    stack: Stack, name: str, seed: str, seconds: float
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one client while the block lasts."""
    told: dict[str, Any] = {
        "name": name, "door": "http" if name.startswith("http") else "in process",
        "host": "127.0.0.1", "port": stack.port, "token": stack.tokens[name],
        "seed": seed, "seconds": seconds,
        "journal": str(stack.var / "journals" / f"{name}.jsonl"),
    }  # fmt: skip
    command = [sys.executable, "-m", "config.torture", "client", json.dumps(told)]
    log = stack.var / f"client-{name}.log"
    with log.open("wb") as output:
        child = processes.start(command, env=stack.env, cwd=ROOT, stdout=output, stderr=output)
    try:
        yield child
    finally:
        processes.stop(child)


def wait_for_work(journals: Path, names: Sequence[str]) -> None:
    """Return when every client has begun. Raises SetupError when one does not."""
    deadline = time.monotonic() + START_SECONDS
    while not all(_has_begun(journals / f"{name}.jsonl") for name in names):
        if time.monotonic() > deadline:
            raise SetupError(f"The clients did not begin within {START_SECONDS} seconds.")
        time.sleep(0.1)


def _has_begun(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def drain(stack: Stack) -> None:
    """Wait until the clock has swept once more, and succeeded. Raises SetupError if it does not."""
    began = datetime.now(UTC)
    deadline = time.monotonic() + DRAIN_SECONDS + SWEEP_SECONDS
    while time.monotonic() < deadline:
        task = stack.health().get("tasks", {}).get("flag-stale", {})
        started = task.get("last_started_at")
        if (
            started
            and datetime.fromisoformat(started) > began
            and task["last_outcome"] == "SUCCESS"
        ):
            return
        time.sleep(0.2)
    raise SetupError(f"The clock does not sweep any more: {stack.health()}")


def bad_news(log: str) -> Sequence[str]:
    """Lines of PostgreSQL's log that must never stand there, whatever was killed."""
    return [line for line in log.splitlines() if BAD_NEWS.search(line)]


def keep_logs(stack: Stack, folder: Path) -> None:
    """Copy journals and logs to where they outlive the run."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in [*stack.var.glob("*.log"), *(stack.var / "journals").glob("*.jsonl")]:
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "postgresql.log").write_text(stack.database_log)
