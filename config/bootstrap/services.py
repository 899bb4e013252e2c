"""Real servers for the tests: private PostgreSQL and Redis on loopback, and a Chromium.

Each is taken from the environment when it is named there; else from the machine; else installed
with apt-get, as root. What is started here lives in a temporary directory, on a free port, without
durability unless it is asked for, and is stopped by process id. A server that the system runs is
never touched.
"""

import contextlib
import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from config.bootstrap import installers, ports
from config.bootstrap.servers import Server
from config.bootstrap.terminal import SetupError, say

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = {
    "initdb": ("postgresql",),
    "redis-server": ("redis-server",),
    "chromium": ("chromium", "fonts-liberation"),
}


@contextlib.contextmanager
def running(
    given: Mapping[str, str], fill: Callable[[Path], None] | None = None
) -> Iterator[dict[str, str]]:
    """Provide DATABASE_URL, REDIS_URL and FORESTAGE_CHROMIUM, starting what is not given; a
    PostgreSQL on the directory that `fill` makes."""
    install_missing(given)
    with contextlib.ExitStack() as stack:
        yield {
            "DATABASE_URL": given.get("DATABASE_URL")
            or stack.enter_context(postgresql(fill=fill)).url,
            "REDIS_URL": given.get("REDIS_URL") or stack.enter_context(redis()).url,
            "FORESTAGE_CHROMIUM": given.get("FORESTAGE_CHROMIUM") or required("chromium"),
        }


def install_missing(given: Mapping[str, str]) -> None:
    """Install the Debian packages of what is neither given nor found. Raises SetupError."""
    wanted = {
        "DATABASE_URL": "initdb",
        "REDIS_URL": "redis-server",
        "FORESTAGE_CHROMIUM": "chromium",
    }
    missing = [tool for key, tool in wanted.items() if not given.get(key) and find(tool) is None]
    packages = [package for tool in missing for package in PACKAGES[tool]]
    if not packages:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupError(
            f"The tests need {', '.join(missing)}, which this machine lacks.\n"
            f"Install them, on Debian with: apt-get install {' '.join(packages)}\n"
            "or set DATABASE_URL, REDIS_URL, FORESTAGE_CHROMIUM, or run on SQLite alone with "
            "FORESTAGE_TEST_DATABASE=sqlite."
        )
    say(f"Installing {' '.join(packages)}")
    installers.apt_install(*packages)


def find(tool: str) -> str | None:
    """Where a tool is: on PATH, or where Debian keeps PostgreSQL's, the newest version first."""
    names = BROWSERS if tool == "chromium" else (tool,)
    for name in names:
        if found := shutil.which(name):
            return found
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{tool}")
    newest = sorted(versions, key=lambda path: float(path.parts[4]), reverse=True)
    return str(newest[0]) if newest else None


def required(tool: str) -> str:
    """Where a tool is; SetupError if it is nowhere."""
    if found := find(tool):
        return found
    raise SetupError(f"{tool} was not found, not even after installing its package.")


@contextlib.contextmanager
def postgresql(
    *, durable: bool = False, memory: str = "128MB", fill: Callable[[Path], None] | None = None
) -> Iterator[Server]:
    """Run a private PostgreSQL. It refuses to run as root, so root steps down.

    A durable one waits for the disk at every commit, as production does, and loses nothing when
    it is killed; the other is for tests. `memory` is for its buffers. `fill` puts its directory
    there, instead of an empty one: `prepared.postgresql` does.
    """
    account = {} if os.geteuid() else unprivileged_account()
    with scratch(account.get("user")) as directory:
        data = directory / "data"
        (fill or functools.partial(initialise, account=account))(data)
        port = ports.free_port()
        binary = str(Path(required("initdb")).with_name("postgres"))
        with Server(
            [binary, "-D", str(data), *settings(port, durable=durable, memory=memory)],
            log=directory / "log",
            is_ready=lambda pid: postmaster_says_ready(data, pid),
            how=signal.SIGINT,
            url=f"postgres://forestage@127.0.0.1:{port}/forestage",
            cwd=directory,
            **account,
        ) as server:
            yield server


def initialise(data: Path, *, account: Mapping[str, object]) -> None:
    """Make the directory of a PostgreSQL that has no database yet."""
    ours = ["--auth=trust", "--no-sync", "--username=forestage"]
    locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
    command = [required("initdb"), *ours, *locale, f"-D{data}"]
    run_quietly(command, cwd=data.parent, **account)


def create_database(url: str, name: str, *, template: str = "template1") -> str:
    """Create a database on the server of a URL; the new one's URL."""
    import psycopg  # there is none before the environment is made

    server = url.rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as link:
        link.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return f"{server}/{name}"


def settings(port: int, *, durable: bool, memory: str) -> list[str]:
    """PostgreSQL for loopback only. Where data is thrown away, it does not wait for the disk, and
    keeps no statistics: those of tables that were emptied since led a plan astray for minutes."""
    switch = "on" if durable else "off"
    values = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": 200,
        "shared_buffers": memory,
        "fsync": switch,
        "synchronous_commit": switch,
        "full_page_writes": switch,
        "autovacuum": switch,
    }
    return [f"--{name}={value}" for name, value in values.items()]


def postmaster_says_ready(data: Path, pid: int) -> bool:
    """Read the line that `pg_ctl --wait` goes by. One that was killed leaves its file behind."""
    with contextlib.suppress(FileNotFoundError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
    return False


def unprivileged_account() -> dict[str, object]:
    """Whom PostgreSQL runs as when we are root, as arguments of subprocess."""
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = known.get("postgres") or known["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def redis(*, durable: bool = False) -> Iterator[Server]:
    """Run a private Redis. A durable one has its data again when it is started again."""
    port = ports.free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    options += ["--appendonly", "yes" if durable else "no"]
    with (
        scratch() as directory,
        Server(
            [required("redis-server"), *options, "--dir", str(directory)],
            log=directory / "log",
            is_ready=lambda _pid: ports.answers("127.0.0.1", port),
            url=f"redis://127.0.0.1:{port}/0",
        ) as server,
    ):
        yield server


@contextlib.contextmanager
def scratch(owner: object = None) -> Iterator[Path]:
    """A directory for one server, owned by the one who runs it, that goes when the server went."""
    # Under root, TMPDIR may lie where the server's own account may not enter.
    place = "/tmp" if owner is not None else None  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="forestage-", dir=place) as name:
        if isinstance(owner, int):
            os.chown(name, owner, -1)
        yield Path(name)


def run_quietly(command: list[str], **options: object) -> None:
    """Run a tool and show its output only when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise SetupError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
