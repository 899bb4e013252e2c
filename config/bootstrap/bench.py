"""`manage.py bench`: Forestage beside the limit of its database, and beside a peer.

Brings up a PostgreSQL of its own that waits for the disk, as production does, and gunicorn; loads
a plant of a million staged positions and ten million movements; measures; prints a table; writes
JSON. Takes about 25 minutes and 12 GB of disk; --quick takes some minutes and a small plant.
"""

import argparse
import os
import sys
from pathlib import Path

from config.bootstrap import prepared, processes, services
from config.bootstrap.environment import ROOT

SECTIONS = ("single", "bulk", "tryton", "sweep", "reads", "events")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line of the benchmark."""
    parser = argparse.ArgumentParser(prog="manage.py bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="some minutes, on a small plant")
    parser.add_argument(
        "--only", choices=SECTIONS, action="append", help="this part only; may be repeated"
    )
    parser.add_argument("--json", type=Path, default=Path("var/bench.json"), help="(%(default)s)")
    parser.add_argument(
        "--staged", type=int, help="staged positions, instead of a million; ten movements each"
    )
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    """Run the measurements with their database around them. Returns the exit code."""
    command = [sys.executable, "-m", "config.bench", "--json", str(options.json)]
    command += ["--quick"] if options.quick else []
    command += ["--staged", str(options.staged)] if options.staged else []
    for section in options.only or SECTIONS:
        command += ["--only", section]
    services.install_missing(os.environ | {"REDIS_URL": "-", "FORESTAGE_CHROMIUM": "-"})
    with (
        processes.termination_as_interrupt(),
        services.postgresql(durable=True, memory="1GB", fill=prepared.postgresql) as server,
        services.scratch() as scratch,
    ):
        env = {**os.environ, "DATABASE_URL": server.url, "FORESTAGE_VAR": str(scratch)}
        env |= {"FORESTAGE_LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "config.settings"}
        env |= {"FORESTAGE_STATIC_ROOT": str(scratch / "static")}
        env.pop("REDIS_URL", None)
        return processes.run_until_done(command, env, ROOT)
