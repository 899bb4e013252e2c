"""All measurements, one after the other, on the database that DATABASE_URL names."""

import argparse
import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

from config.bench.report import Measure, as_json, line, table
from config.bootstrap import ports, prepared, servers
from config.bootstrap.terminal import say

WORKERS, THREADS = 4, 4
CLIENTS = (1, 4, 8, 16)
CACHE = Path.home() / ".cache" / "forestage-bench"
"""Where the peer's environment is kept from one run to the next."""


def main() -> int:
    options = parse()
    django.setup()
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    measures = []
    for measure in Run(options).all():
        say(line(measure))  # a run takes long, and may be broken off
        measures.append(measure)
    print(table(measures))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(as_json(measures, machine(options)), indent=2))
    say(f"Written to {options.json}")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--staged", type=int)
    parser.add_argument("--only", action="append", required=True)
    parser.add_argument("--json", type=Path, required=True)
    return parser.parse_args()


def machine(options: argparse.Namespace) -> dict[str, Any]:
    """What it was measured on."""
    from django.db import connection

    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": platform.python_version(),
        "django": django.get_version(),
        "postgresql": connection.pg_version,  # type: ignore[attr-defined]
        "gunicorn": {"workers": WORKERS, "threads": THREADS},
        "quick": options.quick,
        "measured": time.strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def empty_database() -> None:
    """Make the database anew, with its tables: a copy, where the server has one to copy. It is the
    benchmark's own."""
    import psycopg
    from django.core.management import call_command
    from django.db import connection

    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    url = os.environ["DATABASE_URL"]
    server, _slash, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as maintenance:
        maintenance.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        maintenance.execute(f'CREATE DATABASE "{name}" TEMPLATE "{_template(maintenance)}"')
    call_command("migrate", verbosity=0)


def _template(maintenance: Any) -> str:
    asked = "SELECT FROM pg_database WHERE datname = %s"
    found = maintenance.execute(asked, [prepared.NAME]).fetchone()
    return "template1" if found is None else prepared.NAME


class Run:
    """One run of the benchmark, on plants that it loads."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.quick: bool = options.quick
        self.staged: int | None = options.staged
        self.only = set(options.only)

    def all(self) -> Iterator[Measure]:
        """Every measure asked for."""
        full = self._full()
        small, tenth = self._small(full)
        self._load(full)
        yield from self._posting(full)
        if "reads" in self.only:
            from config.bench import reads

            say("Reading")
            yield from reads.compare(small, reads.timings())
        if "events" in self.only:
            from config.bench import events

            say("Reading what happened")
            yield from events.compare(tenth, events.costs())
        if "sweep" in self.only:
            from config.bench import sweep

            say("Sweeping")
            yield from sweep.measure()
            yield from self._beside_sweeps(full)

    def _beside_sweeps(self, size: Any) -> Iterator[Measure]:
        """Staging while the clock sweeps, and the due times of all that is staged counted anew."""
        from django.contrib.auth.models import User

        from config.bench import data, data_master, sweep_beside
        from config.bench.posting import Posting

        say("Staging beside a sweep")
        by = User.objects.get(username=data_master.SERVICE)
        with web() as port:
            posting = Posting(data.targets(size), port=port, by=by)
            posting.warm(sweep_beside.CLIENTS)
            yield from sweep_beside.staging(posting, 1.2 if self.quick else 10.0)
        say("Counting due times anew")
        yield sweep_beside.recount()

    def _small(self, full: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Reads, and what happened, on small plants. A quick run asks for both on one."""
        from config.bench import data, events, reads

        small: dict[str, Any] = {}
        tenth = data.tenth_of(full)
        if "reads" in self.only:
            self._load(tenth if self.quick else data.SMALL)
            say("Reading")
            small = reads.timings()
        if "events" not in self.only:
            return small, {}
        if not (self.quick and small):
            self._load(tenth)
        say("Reading what happened")
        return small, events.costs()

    def _full(self) -> Any:
        from config.bench import data

        if self.quick:
            return data.QUICK
        if self.staged is None:
            return data.FULL
        return data.Size(staged=self.staged, free=200_000, movements=self.staged * 10)

    def _load(self, size: Any) -> None:
        from config.bench import data

        say(f"Loading {size.staged:,} staged positions and {size.movements:,} movements")
        began = time.perf_counter()
        empty_database()
        data.load(size)
        say(f"Loaded in {time.perf_counter() - began:.0f} s")

    def _posting(self, size: Any) -> Iterator[Measure]:
        if not self.only & {"single", "bulk", "tryton"}:
            return
        from django.contrib.auth.models import User

        from config.bench import data, data_master
        from config.bench.posting import Posting

        by = User.objects.get(username=data_master.SERVICE)
        targets = data.targets(size)
        ours: dict[str, float] = {}
        with web() as port:
            posting = Posting(targets, port=port, by=by)
            posting.warm(max(CLIENTS))
            for key, measure in self._rates(posting):
                ours[key] = measure.value
                yield measure
        if "tryton" in self.only:
            yield from self._tryton(ours)

    def _rates(self, posting: Any) -> Iterator[tuple[str, Measure]]:
        seconds = 1.2 if self.quick else 5.0
        # What is prepared takes most of the time: the SQL of each request is recorded first.
        most, most_bulk = (300, 30) if self.quick else (100_000, 100_000)
        if self.only & {"single", "tryton"}:
            for clients in (1, 8) if self.quick else CLIENTS:
                say(f"Staging single moves, {clients} clients")
                yield f"single_{clients}", posting.single(clients, seconds, most)
        if self.only & {"bulk", "tryton"}:
            for lines in (100, 500) if self.quick else (100, 1000):
                for clients in (1,) if self.quick else (1, 4):
                    say(f"Staging {lines} lines at once, {clients} clients")
                    key = f"bulk_{lines}" if clients == 1 else f"bulk_{lines}_{clients}"
                    yield key, posting.bulk(lines, clients, seconds, most_bulk)

    def _tryton(self, ours: dict[str, float]) -> list[Measure]:
        from config.bench import tryton

        say("Moving with Tryton")
        return tryton.measure(
            os.environ["DATABASE_URL"], CACHE, ours=ours, quick=self.quick,
            workers=WORKERS, threads=THREADS,
        )  # fmt: skip


@contextlib.contextmanager
def web() -> Iterator[int]:
    """gunicorn with our application, on a free port, as production runs it."""
    port = ports.free_port()
    command = [
        sys.executable, "-m", "gunicorn", "config.wsgi", f"--workers={WORKERS}",
        f"--threads={THREADS}", f"--bind=127.0.0.1:{port}", "--keep-alive=60",
        "--no-control-socket", "--reuse-port",  # else one worker takes most connections
    ]  # fmt: skip
    log = Path(os.environ["FORESTAGE_VAR"]) / "gunicorn.log"
    with servers.Server(command, log=log, is_ready=lambda _pid: ports.answers("127.0.0.1", port)):
        yield port


if __name__ == "__main__":
    raise SystemExit(main())
