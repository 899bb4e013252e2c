"""Servers of its own, as in production: PostgreSQL that waits for the disk, Redis, web, worker,
beat. Or, as in the demo: SQLite, the filesystem broker, web, worker, beat.
"""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.bootstrap import ports, prepared, proof, services
from config.bootstrap.environment import ROOT
from config.bootstrap.servers import Server
from config.bootstrap.terminal import SetupError

WEB_WORKERS = 2
SWEEP_SECONDS = 2


@dataclass(kw_only=True)
class Stack:
    """The running servers. `postgresql` and `redis` are None on SQLite."""

    env: dict[str, str]
    var: Path
    port: int
    postgresql: Server | None = None
    redis: Server | None = None
    servers: dict[str, Server] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def web(self) -> Server:
        return self.servers["web"]

    @property
    def worker(self) -> Server:
        return self.servers["worker"]

    @property
    def beat(self) -> Server:
        return self.servers["beat"]

    @property
    def everything(self) -> list[Server]:
        """All servers, those first that the others need."""
        needed = [server for server in (self.postgresql, self.redis) if server]
        return [*needed, *self.servers.values()]

    @property
    def database_log(self) -> str:
        """What PostgreSQL had to say; '' on SQLite."""
        return self.postgresql.log.read_text(errors="replace") if self.postgresql else ""

    def run(self, part: str, **told: Any) -> Any:
        """Run a part of the torture in the environment of the servers; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "config.torture", part, json.dumps(told)],
            env=self.env, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SetupError(f"{part} failed:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def admit(self, clients: list[str]) -> None:
        """Make the plant if it is not there, and a user and a token for each client."""
        self.tokens |= self.run("plant", clients=clients)

    def health(self) -> dict[str, Any]:
        """What the readiness page says; empty when nobody answers."""
        try:
            _status, body = proof.get(f"{self.url}health/ready")
            report: dict[str, Any] = json.loads(body)
        except (SetupError, ValueError):
            return {}
        return report

    def is_whole(self) -> bool:
        """Whether every process is there, and the pages can be used."""
        report = self.health()
        alive = all(server.pid for server in self.everything)
        healthy = report.get("database") == "ok" and report.get("broker") == "ok"
        return alive and healthy and len(self.web.children) >= WEB_WORKERS


@contextlib.contextmanager
def running(database: str) -> Iterator[Stack]:
    """Bring everything up on free ports, with a migrated database. `postgresql` or `sqlite`."""
    services.install_missing({"FORESTAGE_CHROMIUM": "not needed"} | (
        {} if database == "postgresql" else {"DATABASE_URL": "sqlite", "REDIS_URL": "none"}
    ))  # fmt: skip
    with contextlib.ExitStack() as exits:
        var = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="forestage-torture-")))
        stack = Stack(env=environment(var), var=var, port=ports.free_port())
        if database == "postgresql":
            stack.postgresql = exits.enter_context(
                services.postgresql(durable=True, fill=prepared.postgresql)
            )
            stack.redis = exits.enter_context(services.redis())
            url = stack.postgresql.url
            stack.env["DATABASE_URL"] = services.create_database(
                url, "forestage", template=prepared.NAME
            )
            stack.env["REDIS_URL"] = stack.redis.url
        else:
            prepared.sqlite(var / "forestage.sqlite3")
        for name, server in programs(stack).items():
            stack.servers[name] = server
            exits.enter_context(server)
        yield stack


def environment(var: Path) -> dict[str, str]:
    """Settings for all processes: ours, whatever the shell has set for a real server."""
    ours = ("DATABASE_URL", "REDIS_URL")
    env = {
        key: value
        for key, value in os.environ.items()
        if key not in ours and not key.startswith("FORESTAGE_")
    }
    for folder in ("messages", "control"):
        (var / "queue" / folder).mkdir(parents=True)
    return env | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FORESTAGE_VAR": str(var),
        "FORESTAGE_SECRET_KEY": secrets.token_urlsafe(50),
        "FORESTAGE_SWEEP_SECONDS": str(SWEEP_SECONDS),
        "FORESTAGE_LOCKOUT_FAILURES": "1000000",  # clients that guess go on signing
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
    }


def manage(stack: Stack, *arguments: str) -> None:
    """Run a management command. Raises SetupError with its output when it fails."""
    services.run_quietly(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=stack.env, timeout=300
    )


def programs(stack: Stack) -> dict[str, Server]:
    """Web, worker and beat, as docs/deploy.md starts them."""
    web = [
        "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{stack.port}", "--no-control-socket",
        f"--workers={WEB_WORKERS}", "--threads=4", "--graceful-timeout=3",
    ]  # fmt: skip
    # Threads for the filesystem broker, as in the demo; processes in production.
    pool = ["--concurrency=2"] if stack.redis else ["--concurrency=2", "--pool=threads"]
    celery = ["celery", "-A", "config.celery"]
    worker = [*celery, "worker", *pool, "--without-gossip", "--without-mingle", "--loglevel=INFO"]
    beat = [*celery, "beat", "--pidfile="]
    return {
        "web": program(stack, "web", web, lambda _pid: bool(stack.health())),
        "worker": program(stack, "worker", worker, lambda _pid: True),
        "beat": program(stack, "beat", beat, lambda _pid: True),
    }


def program(stack: Stack, name: str, arguments: list[str], is_ready: Any) -> Server:
    """One of our own processes, with its log in the data directory."""
    return Server(
        [sys.executable, "-m", *arguments],
        log=stack.var / f"{name}.log",
        is_ready=is_ready,
        env=stack.env,
        cwd=ROOT,
    )


def wait_until_whole(stack: Stack, seconds: float = 120) -> float:
    """Return when everything works again: after how many seconds. Raises SetupError if never."""
    began = time.monotonic()
    while not stack.is_whole():
        for name, server in stack.servers.items():
            if not server.pid:
                last = server.log.read_text(errors="replace")[-3000:]
                raise SetupError(f"{name} ended by itself:\n{last}")
        if time.monotonic() > began + seconds:
            raise SetupError(f"Not whole again after {seconds:g} seconds: {stack.health()}")
        time.sleep(0.05)
    return time.monotonic() - began
