"""The same moves through Tryton, as a peer, on the same PostgreSQL server.

What is compared: one request that takes lots on hand in storage to lanes, answered when it is
committed. Tryton runs as it is deployed: its own environment from `requirements/peer.txt`, its
WSGI application under gunicorn with the workers and threads given, warm, all its caches on, over
HTTP with a session, by clients that keep their connections. It gets its best case: one request
and one transaction (`peer/moves.py`), where its own interface needs three of each; `Move.create`
and `Move.do` on all moves at once; every field given; twenty lanes, because it reads all
locations for each request.

What is not: Tryton checks neither that the stock is there (`assign_try` would, and costs more)
nor its quality, binds nothing to a demand, keeps no audit trail of this kind, and knows no
idempotency. It does less for a move than Forestage does, so the ratio is Forestage's at least.
"""

import contextlib
import json
import os
import secrets
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from config.bench.report import Measure
from config.bootstrap import environment, ports, servers, services
from config.bootstrap.installers import choose
from config.bootstrap.terminal import SetupError

SECTION = "Beside Tryton: moves from storage to a lane (ours / Tryton's)"
UNIT = "moves/s"
DATABASE = "forestage_bench_tryton"
HERE = Path(__file__).parent / "peer"
LOTS, LANES = 50_000, 20
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table: so many moves in a request, by so many clients at once."""

    key: str
    name: str
    lines: int
    clients: int
    seconds: float


CASES = (
    Case("single_1", "single move, 1 client", 1, 1, 8),
    Case("single_8", "single move, 8 clients", 1, 8, 10),
    Case("bulk_100", "100 moves in one request", 100, 1, 8),
    Case("bulk_1000", "1,000 moves in one request", 1000, 1, 12),
)
QUICKLY = 0.2
"""The share of the time that a quick run takes; it leaves the last case out."""


def measure(
    database_url: str,
    scratch: Path,
    *,
    ours: Mapping[str, float],
    quick: bool = False,
    workers: int = 2,
    threads: int = 4,
) -> list[Measure]:
    """Tryton's moves a second beside `ours`, which are named by the keys of `CASES`.

    The environment and the prepared database are kept in `scratch`. Where Tryton cannot be
    installed, and in a quick run that does not find it prepared, one line says so instead.
    """
    place = scratch / "tryton"
    place.mkdir(parents=True, exist_ok=True)
    try:
        peer = Peer(place, database_url)
        if quick and not peer.kept.exists():
            return [_unmeasured("a full run has to prepare it first")]
        peer.prepare()
        try:
            with peer.serving(workers, threads):
                rates = {case: peer.rate(case, quick) for case in (CASES[:-1] if quick else CASES)}
        finally:
            peer.forget()
        return [_compared(case, rate, ours.get(case.key)) for case, rate in rates.items()]
    except (SetupError, subprocess.CalledProcessError, OSError) as error:
        return [_unmeasured(str(error).strip().splitlines()[-1])]


def _compared(case: Case, found: tuple[float, float], ours: float | None) -> Measure:
    rate, middle = found
    return Measure(
        section=SECTION,
        name=case.name,
        value=ours or 0.0,
        unit=UNIT,
        beside=rate,
        beside_what="Tryton",
        ratio=ours / rate if ours else None,
        more={"tryton_p50_ms": round(middle * 1000, 1)},
    )


def _unmeasured(why: str) -> Measure:
    return Measure(
        section=SECTION, name=f"not measured: {why}", value=0.0, unit=UNIT, beside_what="Tryton"
    )


@dataclass(slots=True)
class Peer:
    """Tryton with its own Python and its own database, which go and come with the block."""

    place: Path
    database_url: str
    port: int = 0
    names: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    lots: Iterator[int] = field(default_factory=lambda: iter(()))
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def venv(self) -> Path:
        return self.place / "venv"

    @property
    def kept(self) -> Path:
        """The database as prepared with this very lock; preparing takes most of a minute."""
        return self.place / f"{environment.digest('peer')[:16]}.dump"

    @property
    def url(self) -> str:
        return self._url(DATABASE)

    def _url(self, database: str) -> str:
        parts = urlsplit(self.database_url)
        return urlunsplit(("postgresql", parts.netloc, f"/{database}", "", ""))

    @property
    def env(self) -> dict[str, str]:
        (self.place / "password").write_text(self.password)
        return {
            **os.environ,
            "TRYTOND_DATABASE_URI": self._url(""),
            "TRYTOND_DATABASE_NAMES": DATABASE,
            "TRYTONPASSFILE": str(self.place / "password"),
        }

    def prepare(self) -> None:
        """Install Tryton, and make its database, or bring back the one that was kept."""
        if not environment.runs(self.venv):
            installer = choose()
            installer.create(self.venv)
            installer.install(self.venv, environment.lock_path("peer"))
        self.forget()
        self._ask(f"CREATE DATABASE {DATABASE}")
        if self.kept.exists():
            self._run(services.required("pg_restore"), "-d", self.url, str(self.kept))
        else:
            self._fill()
        self._run(self._program("trytond-admin"), "-d", DATABASE, "--password")
        self.names = json.loads((self.place / "names.json").read_text())
        self.lots = cycle(self.names["lots"])

    def forget(self) -> None:
        """Drop the database."""
        self._ask(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")

    def _ask(self, statement: str) -> None:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _fill(self) -> None:
        modules = (
            "-u",
            "stock",
            "stock_lot",
            "--activate-dependencies",
            "--email",
            "bench@localhost",
        )
        self._run(self._program("trytond-admin"), "-d", DATABASE, *modules)
        made = self._run(
            self._program("python"), str(HERE / "prepare.py"), DATABASE, str(LOTS), str(LANES)
        )
        (self.place / "names.json").write_text(made)
        self._run(services.required("pg_dump"), "-Fc", "-f", str(self.kept), self.url)

    def _program(self, name: str) -> str:
        return str(self.venv / "bin" / name)

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(done.stderr or f"{command[0]} failed")
        return done.stdout

    @contextlib.contextmanager
    def serving(self, workers: int, threads: int) -> Iterator[None]:
        """Run Tryton's web server, warm and signed in, while the block lasts."""
        self.port = ports.free_port()
        size = [f"--workers={workers}", f"--threads={threads}", "--keep-alive=60"]
        listen = [f"--bind=127.0.0.1:{self.port}", "--no-control-socket", f"--chdir={HERE}"]
        command = [self._program("gunicorn"), *listen, *size, "moves:app"]
        with servers.Server(
            command,
            log=self.place / "log",
            is_ready=lambda _pid: ports.answers("127.0.0.1", self.port),
            env=self.env,
        ):
            self._sign_in()
            for _ in range(8 * workers):
                self._move(self._connect(), 1)
            yield

    def _connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)

    def _sign_in(self) -> None:
        asked = {"method": "common.db.login", "params": ["admin", {"password": self.password}]}
        answer = self._post(self._connect(), "rpc/", asked | {"id": 1})
        user, key, *_ = answer["result"]
        token = b64encode(f"admin:{user}:{key}".encode()).decode()
        self.headers = {"Authorization": f"Session {token}"}

    def _post(self, connection: HTTPConnection, path: str, body: Any) -> Any:
        headers = {"Content-Type": "application/json", **self.headers}
        connection.request("POST", f"/{DATABASE}/{path}", json.dumps(body), headers)
        response = connection.getresponse()
        said = response.read()
        if response.status != 200:
            raise SetupError(f"Tryton answered {response.status}")
        return json.loads(said)

    def _move(self, connection: HTTPConnection, lines: int) -> None:
        """One request: the next lots, each to the next lane."""
        lanes = self.names["lanes"]
        body = [
            {**self.names["fixed"], "lot": next(self.lots), "to_location": lanes[n % len(lanes)]}
            for n in range(lines)
        ]
        self._post(connection, "bench/moves", {"moves": body})

    def rate(self, case: Case, quick: bool) -> tuple[float, float]:
        """Moves a second, and the median time of a request in seconds."""
        start = time.perf_counter()
        end = start + case.seconds * (QUICKLY if quick else 1)
        taken: list[float] = []
        failed: list[Exception] = []

        def client() -> None:
            connection = self._connect()
            try:
                while (began := time.perf_counter()) < end:
                    self._move(connection, case.lines)
                    taken.append(time.perf_counter() - began)
            except (SetupError, OSError) as error:
                failed.append(error)

        clients = [threading.Thread(target=client) for _ in range(case.clients)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        if failed:
            raise failed[0]
        return len(taken) * case.lines / (time.perf_counter() - start), median(taken)
