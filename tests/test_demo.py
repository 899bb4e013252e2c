"""The demo: its arguments, its port, its children, and one whole start."""

import contextlib
import io
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.bootstrap import demo, ports, prepared, processes, relaying, suite
from config.bootstrap.environment import ROOT
from config.bootstrap.terminal import SetupError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_defaults() -> None:
    options = demo.parse([])
    assert (options.host, options.port, options.check, options.reset) == (
        "127.0.0.1",
        None,
        False,
        False,
    )


def test_a_port_in_use_is_named_with_a_way_out(taken: int) -> None:
    with pytest.raises(SetupError, match=rf"Port {taken} on 127.0.0.1 is in use") as refused:
        demo.choose_port(demo.parse(["--port", str(taken)]))
    assert "demo --port" in str(refused.value)


def test_a_check_takes_another_port_than_a_default_in_use(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "DEFAULT_PORT", taken)
    assert demo.choose_port(demo.parse(["--check"])) != taken
    with pytest.raises(SetupError):
        demo.choose_port(demo.parse(["--check", "--port", str(taken)]))


def test_a_free_port_is_free_and_no_connection_is_given_it() -> None:
    port = ports.free_port()
    assert ports.is_free("127.0.0.1", port)
    assert not ports.answers("127.0.0.1", port)
    first, last = map(int, ports.RANGE.read_text().split())
    assert not first <= port <= last


def test_where_the_kernel_gives_away_all_ports_one_of_those_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "range"
    for text in ("1024 65000", ""):
        said.write_text(text)
        monkeypatch.setattr(ports, "RANGE", said)
        assert ports.is_free("127.0.0.1", ports.free_port())


def test_two_demos_do_not_share_their_data(tmp_path: Path) -> None:
    with demo.claimed(tmp_path, or_temporary=False) as var:
        assert var == tmp_path
        with pytest.raises(SetupError, match="already runs"):
            demo.claimed(tmp_path, or_temporary=False).__enter__()
        with demo.claimed(tmp_path, or_temporary=True) as other:
            assert other != tmp_path
    with demo.claimed(tmp_path, or_temporary=False) as var:
        assert var == tmp_path


def test_the_secret_key_is_random_kept_and_private(tmp_path: Path) -> None:
    key = demo.secret_key(tmp_path / "one")
    assert len(key) >= 50
    assert key == demo.secret_key(tmp_path / "one") != demo.secret_key(tmp_path / "two")
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600


def test_a_real_servers_settings_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://real")
    monkeypatch.setenv("REDIS_URL", "redis://real")
    monkeypatch.setenv("FORESTAGE_ENV", "production")
    env = demo.environment(tmp_path, demo.parse([]))
    assert not env.keys() & {"DATABASE_URL", "REDIS_URL"}
    assert env["FORESTAGE_ENV"] == "embedded"


def test_reset_keeps_the_key_and_deletes_the_rest(tmp_path: Path) -> None:
    for name in ("forestage.sqlite3", "forestage.sqlite3-wal", "beat-schedule.dat", "secret-key"):
        (tmp_path / name).touch()
    (tmp_path / "queue" / "messages").mkdir(parents=True)
    demo.forget(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


@pytest.mark.parametrize(
    ("arguments", "in_parallel"),
    [
        ([], True),
        (["-x", "-k", "ledger"], True),
        (["tests/test_demo.py"], False),
        (["tests/test_demo.py::test_defaults"], False),
        (["-n", "0"], False),
        (["--pdb"], False),
    ],
)
def test_a_whole_run_uses_both_cores(arguments: list[str], in_parallel: bool) -> None:
    assert bool(suite.parallel(arguments)) is in_parallel


def sleeper(*, stubborn: bool = False) -> list[str]:
    setup = "signal.signal(signal.SIGTERM, signal.SIG_IGN)" if stubborn else "pass"
    program = f"import signal, time; {setup}; print('up', flush=True); time.sleep(60)"
    return [sys.executable, "-c", program]


@pytest.mark.parametrize("stubborn", [False, True])
def test_children_are_gone_afterwards(
    stubborn: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if stubborn:
        monkeypatch.setattr(processes, "GRACE_SECONDS", 1)
    said = ""
    with processes.Family(env=os.environ, directory=ROOT) as family:
        family.start("web", *sleeper(stubborn=stubborn))
        child = family.children["web"]
        while "[web]     up" not in said:
            time.sleep(0.05)
            said += capsys.readouterr().out
    assert child.returncode == (-signal.SIGKILL if stubborn else -signal.SIGTERM)


BEAT = "2026-11-26 19:26:58,766 INFO celery.beat Scheduler: Sending due task send-webhooks"


@pytest.mark.parametrize(
    ("text", "before", "shows"),
    [
        (BEAT, True, False),
        (BEAT.replace("INFO", "WARNING"), False, True),
        ("[2026-11-26 19:26:47 +0000] [24017] [INFO] Booting worker with pid: 24019", True, False),
        ("[2026-11-26 19:26:47 +0000] [24017] [ERROR] Worker was sent SIGKILL!", False, True),
        ("GET /health/live HTTP/1.1 200 730 ms", True, False),
        ("GET /lots/?q=1 HTTP/1.1 404 20 ms", True, False),
        ("GET /lots/ HTTP/1.1 500 20 ms", False, True),
        ("POST /guided/stage/ HTTP/1.1 409 34 ms", False, True),
        ("Traceback (most recent call last):", True, True),
        ('  File "manage.py", line 1, in <module>', True, True),
        ("  of what was not worth a line", False, False),
    ],
)
def test_the_terminal_shows_what_matters(text: str, before: bool, shows: bool) -> None:
    assert relaying.matters(text, before=before) is shows


def test_the_log_has_every_line_and_the_one_before_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = f"{BEAT}\nPOST /sign-in/ HTTP/1.1 302 50 ms\n".encode()
    for _run in range(2):
        relaying.Log(tmp_path / "demo.log").relay("web", io.BytesIO(said))
    assert capsys.readouterr().out == 2 * "[web]     POST /sign-in/ HTTP/1.1 302 50 ms\n"
    for name in ("demo.log", "demo.log.1"):
        lines = (tmp_path / name).read_text().splitlines()
        assert [line.partition(" [web] ")[2] for line in lines] == said.decode().splitlines()


def test_a_child_that_dies_is_named() -> None:
    with processes.Family(env=os.environ, directory=ROOT) as family:
        family.start("web", *sleeper())
        family.start("beat", sys.executable, "-c", "raise SystemExit(3)")
        with pytest.raises(SetupError, match="beat stopped by itself with exit code 3"):
            family.watch()


def test_the_demo_starts_works_and_stops(tmp_path: Path) -> None:
    """The same proof that a visitor can ask for, on a data directory of its own. Its database is
    migrated already, which takes longest of all; tests/test_tour.py begins with none."""
    prepared.sqlite(tmp_path / "forestage.sqlite3")
    env = {**os.environ, "FORESTAGE_VAR": str(tmp_path)}
    with contextlib.suppress(KeyError):
        del env["DJANGO_SETTINGS_MODULE"]
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--check"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("web", "worker", "sender", "beat"):
        assert f"ok {part}: " in done.stdout
