"""`manage.py test`: pytest against real servers, found, installed or given.

FORESTAGE_TEST_DATABASE=sqlite runs the core of the suite on SQLite, without any server; tests that
need PostgreSQL, Redis or a browser are then skipped, by name, as are those that come to the same on
any database: tests/databases.py says which. So is the one that reads our export with pm4py, unless
`--mining` has set that up.
"""

import argparse
import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from config.bootstrap import environment, prepared, processes, services
from config.bootstrap.environment import ROOT
from config.bootstrap.terminal import say

OURS = ("--setup-only", "--mining")
DECIDED_BY_USER = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "--collect-only", "--co")
MIGRATED = "FORESTAGE_TEST_MIGRATED"
"""Where the tests find a migrated database to copy: a file, or a database's name."""
SETS_A_PLANT = re.compile("DJANGO_SETTINGS_MODULE|FORESTAGE_(?!TEST_|CHROMIUM|SCHEMA_|SOAK_)")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Split our two options from pytest's."""
    options = argparse.Namespace(
        setup_only="--setup-only" in arguments, mining="--mining" in arguments
    )
    options.pytest = [argument for argument in arguments if argument not in OURS]
    return options


def run(options: argparse.Namespace) -> int:
    """Run pytest with its servers around it. Returns its exit code."""
    if options.mining:
        environment.ensure("mining", environment.MINING)
    if options.setup_only:
        say("The test environment is ready.")
        return 0
    command = [sys.executable, "-m", "pytest", *parallel(options.pytest), *options.pytest]
    with processes.termination_as_interrupt(), surroundings() as env:
        return processes.run_until_done(command, env, ROOT)


def parallel(arguments: list[str]) -> list[str]:
    """Use both cores for a whole run; one process where the reader named tests or a debugger.

    On PostgreSQL a third process works while another waits: for servers that start, locks, pages.
    """
    names_tests = any(
        (ROOT / argument.split("::")[0]).exists()
        for argument in arguments
        if not argument.startswith("-")
    )
    if names_tests or any(argument.startswith(DECIDED_BY_USER) for argument in arguments):
        return []
    on_sqlite = os.environ.get("FORESTAGE_TEST_DATABASE") == "sqlite"
    return ["-n", "2" if on_sqlite else "3", "--dist", "worksteal"]


@contextlib.contextmanager
def surroundings() -> Iterator[dict[str, str]]:
    """The environment of a test run: servers, and a data directory that is not the demo's. What a
    shell has set for a plant of its own (its zone, its hosts) is none of a test's business."""
    env = {name: value for name, value in os.environ.items() if not SETS_A_PLANT.match(name)}
    with tempfile.TemporaryDirectory(prefix="forestage-test-") as var:
        env["FORESTAGE_VAR"] = var
        if env.get("FORESTAGE_TEST_DATABASE") == "sqlite":
            for server in ("DATABASE_URL", "REDIS_URL"):
                env.pop(server, None)
            migrated = Path(var) / "migrated.sqlite3"
            prepared.sqlite(migrated)
            yield env | {MIGRATED: str(migrated)}
            return
        ours = {} if env.get("DATABASE_URL") else {MIGRATED: prepared.NAME}
        with services.running(env, prepared.postgresql) as provided:
            yield env | provided | ours
