"""The project's own `.venv`, made from a pinned lock with hashes.

A note inside `.venv` records the digest of each lock installed there, so that the next start costs
nothing. It is written last. Until then a second file says that work is in progress: found at the
start of a run, it means that the last one was interrupted, and `.venv` is made anew.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.bootstrap import installers
from config.bootstrap.terminal import SetupError, say

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOCKS = {"runtime": ("runtime",), "test": ("test", "runtime"), "mining": ("mining",)}
"""What each lock brings: `test` is a superset of `runtime`, with the same pins."""

MINING = ROOT / ".venv-mining"
"""Where `mining` is installed: pm4py is half a gigabyte, and tests alone want it."""


def lock_path(name: str) -> Path:
    """The file that pins a set of packages."""
    return ROOT / "requirements" / f"{name}.txt"


def digest(name: str) -> str:
    """The fingerprint of a lock's content."""
    return hashlib.sha256(lock_path(name).read_bytes()).hexdigest()


def installed(venv: Path) -> dict[str, str]:
    """The digests of the locks that this environment was completed with."""
    try:
        note = json.loads((venv / "forestage-locks.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def is_complete(venv: Path, name: str) -> bool:
    """Whether the environment runs and holds exactly this lock."""
    return installed(venv).get(name) == digest(name) and runs(venv)


def runs(venv: Path) -> bool:
    """Whether the environment's Python still starts; an upgrade of its base can take it away."""
    try:
        return subprocess.run([python(venv), "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def python(venv: Path = VENV) -> str:
    """The environment's interpreter."""
    return str(venv / "bin" / "python")


def ensure(name: str, venv: Path = VENV) -> None:
    """Make `.venv` hold the lock; return at once if it does.

    Raises SetupError when a tool is missing or an installation failed.
    """
    if is_complete(venv, name):
        return
    with one_at_a_time():
        if not is_complete(venv, name):
            build(name, venv)


def build(name: str, venv: Path) -> None:
    """Create or complete the environment, so that a stop half-way is noticed next time."""
    in_progress = venv / "forestage-in-progress"
    if in_progress.exists() or not runs(venv):
        shutil.rmtree(venv, ignore_errors=True)
    installer = installers.choose()
    say(f"Setting up {venv.name} from {lock_path(name).relative_to(ROOT)} with {installer.name}")
    is_new = not venv.exists()
    venv.mkdir(exist_ok=True)
    in_progress.touch()
    try:
        if is_new:
            installer.create(venv)
        installer.install(venv, lock_path(name))
    except subprocess.CalledProcessError as error:
        raise SetupError(
            f"Setting up {venv} failed, see above. Check the connection to the package index and "
            "run the same command again."
        ) from error
    note = {lock: digest(lock) for lock in LOCKS[name]}
    (venv / "forestage-locks.json").write_text(json.dumps(note, indent=1))
    in_progress.unlink()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one process build the environment while others wait."""
    handle = os.open(ROOT / "requirements", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def enter(argv: list[str], venv: Path = VENV) -> None:
    """Continue this very command under the environment's Python; return if it already does."""
    if Path(sys.prefix).resolve() != venv.resolve():
        sys.stdout.flush()
        os.execv(python(venv), [python(venv), *argv])  # noqa: S606


def borrow(argv: list[str], venv: Path = VENV) -> None:
    """Run a command of Django's under `.venv`, when this Python has no Django."""
    if runs(venv) and Path(sys.prefix).resolve() != venv.resolve():
        enter(argv, venv)
    raise SetupError(
        "Django is not installed for this Python, and there is no .venv here yet.\n"
        "`python3 manage.py demo` makes one; for a server, install requirements/runtime.txt."
    )
