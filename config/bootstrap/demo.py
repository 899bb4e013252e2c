"""`manage.py demo`: the whole product on one machine, with no server but its own.

Web, two workers and beat run as four processes, as they do in production, on SQLite and Celery's
filesystem broker. All their data is in `var/`, or wherever FORESTAGE_VAR points.
"""

import argparse
import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from config.bootstrap import ports, proof
from config.bootstrap.environment import ROOT
from config.bootstrap.processes import GRACE_SECONDS, Family, termination_as_interrupt
from config.bootstrap.relaying import Log
from config.bootstrap.terminal import SetupError, complain, say
from config.demo_accounts import DEMO_ACCOUNTS, DEMO_PASSWORD

DEFAULT_PORT = 8000
START_SECONDS = 120
SWEEP_SECONDS = 5
"""How often the demo's clock sweeps: whoever looks for a minute sees it at work."""
CHECK_SWEEP_SECONDS = 2
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line of the demo."""
    parser = argparse.ArgumentParser(prog="manage.py demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, help=f"port to listen on ({DEFAULT_PORT})")
    parser.add_argument(
        "--check", action="store_true", help="prove that web, worker and beat work, then stop"
    )
    parser.add_argument("--reset", action="store_true", help="delete the demo's data first")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    """Prepare, start and watch the demo. Returns the exit code; Ctrl-C is a clean end."""
    with termination_as_interrupt():
        try:
            port = choose_port(options)
            with claimed(var_directory(), or_temporary=options.check) as var:
                return serve(options, port, var)
        except SetupError as trouble:
            complain(trouble)
            return 1
        except KeyboardInterrupt:
            say("The demo has stopped.")
            return 130 if options.check else 0


def serve(options: argparse.Namespace, port: int, var: Path) -> int:
    """Bring the processes up, then prove them or stay with them."""
    if options.reset:
        forget(var)
    url = f"http://{bracketed(reachable(options.host))}:{port}/"
    env = environment(var, options) | mail(var, url)
    prepare(env, var)
    started, log = time.time(), Log(var / "demo.log")
    with Family(env=env, directory=ROOT, relay=log.relay) as family:
        family.start("web", *web(options.host, port))
        wait_for_web(url, family)  # alone on the machine's cores, it is there sooner
        family.start("worker", *worker("clock"))
        family.start("sender", *worker("notify,integration"))
        family.start("beat", *beat())
        if not options.check:
            introduce(url, options.host, var)
            family.watch()
        results = proof.gather(url, family, since=started)
    return proof.report(results)


def choose_port(options: argparse.Namespace) -> int:
    """The port asked for; a check may take another when the default is in use."""
    port = DEFAULT_PORT if options.port is None else int(options.port)
    if ports.is_free(options.host, port):
        return port
    other = ports.free_port(options.host)
    if options.check and options.port is None:
        return other
    raise SetupError(
        f"Port {port} on {options.host} is in use, or not yours to use.\n"
        f"Stop what listens there, or take another: python3 manage.py demo --port {other}"
    )


def var_directory() -> Path:
    """Where the demo keeps its data."""
    return Path(os.environ.get("FORESTAGE_VAR") or ROOT / "var").resolve()


@contextlib.contextmanager
def claimed(var: Path, *, or_temporary: bool) -> Iterator[Path]:
    """Hold the data directory for one demo. A check beside a running demo gets one of its own."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not or_temporary:
                raise SetupError(
                    f"A demo already runs on {var}.\n"
                    "Stop it, or give this one another directory in FORESTAGE_VAR."
                ) from None
        else:
            yield var
            return
    with tempfile.TemporaryDirectory(prefix="forestage-check-") as other:
        yield Path(other)


def forget(var: Path) -> None:
    """Delete database, queue and schedule; the secret key stays."""
    say(f"Deleting the demo's data in {var}")
    for path in [*var.glob("forestage.sqlite3*"), *var.glob("beat-schedule*")]:
        path.unlink()
    shutil.rmtree(var / "queue", ignore_errors=True)


def environment(var: Path, options: argparse.Namespace) -> dict[str, str]:
    """Settings for its processes: ours, whatever the shell has set for a real server."""
    not_ours = ("DATABASE_URL", "REDIS_URL", "FORESTAGE_HTTPS", "FORESTAGE_HSTS_SECONDS")
    env = {key: value for key, value in os.environ.items() if key not in not_ours}
    env |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FORESTAGE_ENV": "embedded",
        "FORESTAGE_VAR": str(var),
        "FORESTAGE_STATIC_ROOT": str(var / "static"),
        "FORESTAGE_SECRET_KEY": secret_key(var / "secret-key"),
        "FORESTAGE_STOP_SECONDS": str(GRACE_SECONDS // 2),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
    }
    if options.host not in LOOPBACK:
        env.setdefault("FORESTAGE_HOSTS", "*")
    sweep = CHECK_SWEEP_SECONDS if options.check else SWEEP_SECONDS
    env["FORESTAGE_SWEEP_SECONDS"] = str(sweep)
    return env


def mail(var: Path, url: str) -> dict[str, str]:
    """Mail is written to files there, and leads back to here."""
    return {
        "EMAIL_URL": f"filemail:///{quote(str(var / 'mail'))}",
        "FORESTAGE_URL": url.rstrip("/"),
    }


def secret_key(path: Path) -> str:
    """The demo's own key, made at its first start and readable by its owner alone."""
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        draft.replace(path)
    return path.read_text()


def prepare(env: dict[str, str], var: Path) -> None:
    """Bring database, static files and demo data up to date. Raises SetupError."""
    say("Preparing the database, the static files and the demo data")
    # Messages of an earlier run are no loss: what is due stands in the database and is sent again.
    shutil.rmtree(var / "queue", ignore_errors=True)
    for name in ("messages", "control"):
        (var / "queue" / name).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare_demo"], cwd=ROOT, env=env, check=False
    )
    if done.returncode:
        raise SetupError(
            "Preparing the demo failed, see above. If older data is in the way, start afresh:\n"
            "python3 manage.py demo --reset"
        )


def web(host: str, port: int) -> list[str]:
    """Gunicorn, with threads, so that one page in the making does not stop the next."""
    listen = [f"--bind={bracketed(host)}:{port}", "--no-control-socket"]
    size = ["--workers=1", "--threads=4", "--graceful-timeout=3"]
    log = ["--access-logfile=-", "--access-logformat=%(r)s %(s)s %(M)s ms"]
    return [sys.executable, "-m", "gunicorn", "config.wsgi", *listen, *size, *log]


def worker(queues: str) -> list[str]:
    """A worker without the talk among workers that there is nobody for. There are two, so that
    what others are slow to take does not hold up the clock."""
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    which = [f"--queues={queues}", f"--hostname={queues.partition(',')[0]}@%h"]
    return celery("worker", "--pool=threads", "--concurrency=2", *which, *alone)


def beat() -> list[str]:
    """The clock. What it has sent, it remembers in the database."""
    return celery("beat", "--pidfile=")


def celery(*arguments: str) -> list[str]:
    """A Celery command of this project."""
    program = [sys.executable, "-m", "celery", "--quiet", "-A", "config.celery"]
    return [*program, *arguments, "--loglevel=INFO"]


def wait_for_web(url: str, family: Family) -> None:
    """Return when the web process answers. Raises SetupError when one dies or it takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not proof.is_alive(url):
        family.check()
        if time.monotonic() > deadline:
            raise SetupError(f"{url} did not answer within {START_SECONDS} seconds.")
        time.sleep(0.2)


def introduce(url: str, host: str, var: Path) -> None:
    """Say where the demo is, who can sign in, and what is said from here on."""
    print(f"\n  Forestage is ready: {url}\n\n  Sign in as one of")
    for account in DEMO_ACCOUNTS:
        if account.signs_in:
            print(f"    {account.username:<12}{account.does}")
    token, log = short(var / "demo-api-token"), short(var / "demo.log")
    print(
        f"  with the password {DEMO_PASSWORD}\n\n"
        f"  {url}alerts/         something goes stale within half a minute: see the README's tour\n"
        f"  {url}admin/          decisions, master data, webhooks, exports\n"
        f"  {url}api/v1/docs/    the API; the integrator's token: {token}\n"
        f"  {short(var / 'mail')}/    the e-mail that it sends, a file for each time\n\n"
        "  Below stands what is sent in, and what goes wrong. All that web, worker and beat say\n"
        f"  is in {log}. Ctrl-C stops the demo.\n",
        flush=True,
    )
    if host not in LOOPBACK:
        complain("  Whoever reaches this address can sign in with that password.\n")


def short(path: Path) -> str:
    """A path as somebody in the project's folder would type it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def reachable(host: str) -> str:
    """An address that answers for a server that listens everywhere."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def bracketed(host: str) -> str:
    """An address as URLs write it."""
    return f"[{host}]" if ":" in host else host
