"""Migrated databases, made once and copied: a SQLite file, and the directory of a PostgreSQL.

All migrations, one after the other, take a process a quarter of a minute; a copy takes none. They
lie in `var/prepared` from one run to the next, under the digest of what the migrations do: their
own text, that of what they import, and the lock. Another digest, and they are made anew.

Beside each is one that was migrated only so far, for the test that brings up an older plant.
"""

import ast
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.bootstrap import environment, services
from config.bootstrap.environment import ROOT
from config.bootstrap.terminal import say

APPS = ("config", "inventory", "quality", "staging", "integration")
KEPT = ROOT / "var" / "prepared"
NAME = "migrated"
"""The database, in the directory of a PostgreSQL."""
OLDER = "older"
"""The other one there."""
SO_FAR = ("staging", "0011_unstaging")
"""How far that one is migrated: alerts had no lives yet, and dwell no policies."""


def sqlite(target: Path) -> None:
    """Put a migrated database where there is none."""
    _copy("sqlite", target, _migrated_file)


def older_sqlite(target: Path) -> None:
    """Put a database that is migrated `SO_FAR` where there is none."""
    _copy("older-sqlite", target, _older_file)


def postgresql(target: Path) -> None:
    """Put a PostgreSQL's directory where there is none, with databases `NAME` and `OLDER`."""
    asked = [services.required("initdb"), "--version"]
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    _copy(f"postgresql-{version.split()[2]}", target, _migrated_cluster)


def digest() -> str:
    """The fingerprint of what the migrations come to."""
    found = hashlib.sha256(environment.digest("runtime").encode())
    for path in sorted(sources(ROOT.glob("*/migrations/*.py"))):
        found.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def sources(files: Iterator[Path]) -> set[Path]:
    """Files of ours, and all those of ours that they import."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        if (path := waiting.pop()) not in found:
            found.add(path)
            waiting += _imported(path)
    return found


def _imported(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.split(".")[0] in APPS:
                place = ROOT / name.replace(".", "/")
                yield from filter(Path.exists, (place.with_suffix(".py"), place / "__init__.py"))


def _copy(kind: str, target: Path, make: Callable[[Path], None]) -> None:
    """Copy what is kept; make it first if it is not there, and forget what it was before."""
    with _one_at_a_time(kind):
        kept = KEPT / f"{kind}-{digest()}"
        if not kept.exists():
            say(f"Migrating a database that tests will copy ({kind})")
            for old in KEPT.glob(f"{kind}-*"):
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            with tempfile.TemporaryDirectory(dir=KEPT) as draft:
                make(Path(draft) / "made")
                (Path(draft) / "made").rename(kept)
        services.run_quietly(["cp", "-a", str(kept), str(target)])  # with the owner it must have


@contextmanager
def _one_at_a_time(kind: str) -> Iterator[None]:
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"lock-{kind}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _older_file(target: Path) -> None:
    _migrate(f"sqlite:///{target}", target.parent, *SO_FAR)


def _migrated_file(target: Path) -> None:
    older_sqlite(target)
    _migrate(f"sqlite:///{target}", target.parent)


def _migrated_cluster(target: Path) -> None:
    with services.postgresql() as server:
        _migrate(services.create_database(server.url, OLDER), target.parent, *SO_FAR)
        _migrate(services.create_database(server.url, NAME, template=OLDER), target.parent)
        server.stop()  # in order, so that its directory is whole
        services.run_quietly(["cp", "-a", str(server.log.with_name("data")), str(target)])


def _migrate(url: str, var: Path, *so_far: str) -> None:
    """By a process of its own, with the settings of an embedded plant."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("FORESTAGE_")}
    env |= {"DATABASE_URL": url, "FORESTAGE_VAR": str(var)}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "manage.py", "migrate", *so_far, "--verbosity=0"]
    services.run_quietly(command, cwd=ROOT, env=env)
