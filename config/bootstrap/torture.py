"""`manage.py torture`: many clients, processes killed under them, and a proof from the books.

Brings up servers of its own on free ports: PostgreSQL that waits for the disk, Redis, gunicorn,
Celery. Exits 0 when nothing was lost, doubled or left half done. docs/torture.md says more.
"""

import argparse
import secrets
from pathlib import Path

from config.bootstrap.processes import termination_as_interrupt
from config.bootstrap.terminal import SetupError, complain, say


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line of the torture."""
    parser = argparse.ArgumentParser(prog="manage.py torture", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long (%(default)g)")
    parser.add_argument("--seed", help="repeat a run's choices; drawn and shown when left out")
    parser.add_argument("--processes", type=int, default=6, help="clients (%(default)s)")
    parser.add_argument(
        "--database", choices=("postgresql", "sqlite", "both"), default="both",
        help="on which database (%(default)s, one after the other)",
    )  # fmt: skip
    parser.add_argument("--keep", type=Path, help="folder for journals and logs")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    """Torture each database asked for. Returns the exit code."""
    databases = ["postgresql", "sqlite"] if options.database == "both" else [options.database]
    seed = options.seed or secrets.token_hex(4)
    try:
        with termination_as_interrupt():
            results = [torture(options, database, seed) for database in databases]
    except SetupError as trouble:
        complain(trouble)
        return 1
    return 0 if all(results) else 1


def torture(options: argparse.Namespace, database: str, seed: str) -> bool:
    """One run on one database; whether it was clean."""
    from config.torture import runner, stack, summary  # they need the environment of the project

    say(f"Torture on {database} for {options.seconds:g} seconds, seed {seed}")
    with stack.running(database) as servers:
        try:
            result = runner.run(
                servers, seconds=options.seconds, seed=seed, clients=options.processes,
                database=database,
            )  # fmt: skip
        finally:
            if options.keep:
                runner.keep_logs(servers, options.keep / database)
    summary.show(result)
    return not result.findings
