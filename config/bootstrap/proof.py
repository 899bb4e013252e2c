"""`manage.py demo --check`: evidence that web, worker and beat do their work, from outside."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from config.bootstrap.environment import ROOT
from config.bootstrap.processes import Family
from config.bootstrap.terminal import SetupError, coloured

PATIENCE_SECONDS = 60


class Result(NamedTuple):
    """One attempt at a proof, and what it showed."""

    name: str
    works: bool
    shown: str


def gather(url: str, family: Family, *, since: float) -> list[Result]:
    """Try all of them, whatever the others show."""
    proofs: dict[str, Callable[[], str]] = {
        "web": lambda: prove_web(url),
        "worker": lambda: prove_worker(family.env, "clock"),
        "sender": lambda: prove_worker(family.env, "notify"),
        "beat": lambda: prove_beat(url, since),
    }
    return [attempt(name, prove, family) for name, prove in proofs.items()]


def attempt(name: str, prove: Callable[[], str], family: Family) -> Result:
    """Make one attempt. That the process has died explains its failure best."""
    try:
        return Result(name, True, prove())
    except SetupError as trouble:
        return Result(name, False, family.death_of(name) or str(trouble))


def report(results: list[Result]) -> int:
    """Print what was shown, and give the exit code: 0 only if everything works."""
    for name, works, shown in results:
        label = coloured("ok", "ok") if works else coloured("FAILED", "failed")
        print(f"{label} {name}: {shown}", flush=True)
    return 0 if all(result.works for result in results) else 1


def prove_web(url: str) -> str:
    """The server is ready, and a signed-out visitor is asked for a password."""
    status, body = get(f"{url}health/ready")
    if status != 200:
        raise SetupError(f"/health/ready answered {status}: {body[:300]}")
    status, body = get(url)
    if status != 200 or 'type="password"' not in body:
        raise SetupError(f"a signed-out visitor got {status} and no sign-in page")
    return "answers /health/ready and the sign-in page"


def prove_worker(env: Mapping[str, str], queue: str) -> str:
    """A task sent to the queue's worker directly has run."""
    command = [sys.executable, "manage.py", "ping_worker", f"--timeout={PATIENCE_SECONDS}"]
    command.append(f"--queue={queue}")
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(done.stderr.strip() or "ping_worker failed")
    return done.stdout.strip()


def prove_beat(url: str, since: float) -> str:
    """A task of the schedule has run, and succeeded, since the processes started."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    tasks: dict[str, Any] = {}
    while time.monotonic() < deadline:
        _status, body = get(f"{url}health/ready")
        tasks = json.loads(body).get("tasks", {}) if body.startswith("{") else {}
        for name, task in tasks.items():
            finished = task["last_finished_at"]
            is_new = finished and datetime.fromisoformat(finished).timestamp() > since
            if is_new and task["last_outcome"] == "SUCCESS":
                return f"caused {name} to run"
        time.sleep(0.5)
    last = ", ".join(
        f"{name} {task['last_outcome'] or 'not ever'} {task['last_finished_at'] or ''}".strip()
        for name, task in tasks.items()
    )
    raise SetupError(
        f"no scheduled task has succeeded since the start; the last runs: {last or 'unknown'}"
    )


def is_alive(url: str) -> bool:
    """Whether the web process answers at all."""
    try:
        return get(f"{url}health/live")[0] == 200
    except SetupError:
        return False


def get(url: str) -> tuple[int, str]:
    """Fetch a page of the demo, past any proxy, and give status and text. Raises SetupError."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=30) as response:
            return response.status, response.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        raise SetupError(f"{url} cannot be reached: {error}") from error
