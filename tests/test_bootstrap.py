"""Setting up on a bare machine: what is installed when, and what the reader is told."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from config import bootstrap
from config.bootstrap import environment, installers
from config.bootstrap.terminal import SetupError

PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


class FakeInstaller:
    """Notes what it was asked to do; its environment "runs" as soon as it is created."""

    name = "fake"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.breaks = False

    def create(self, venv: Path) -> None:
        self.calls.append("create")
        (venv / "bin").mkdir()
        (venv / "bin" / "python").symlink_to(sys.executable)

    def install(self, venv: Path, lock: Path) -> None:
        self.calls.append(lock.stem)
        if self.breaks:
            raise subprocess.CalledProcessError(1, ["install"])


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> FakeInstaller:
    fake = FakeInstaller()
    monkeypatch.setattr(installers, "choose", lambda: fake)
    return fake


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    return tmp_path / ".venv"


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall(environment.lock_path(name).read_text()))


def test_the_test_lock_holds_the_runtime_lock_with_the_same_pins() -> None:
    assert pins("runtime")
    assert pins("runtime").items() <= pins("test").items()


@pytest.mark.parametrize("name", ["runtime", "test"])
def test_every_pin_has_a_hash_and_no_index_is_named(name: str) -> None:
    text = environment.lock_path(name).read_text()
    assert len(PIN.findall(text)) == len(re.findall(r"==\S+.*\\\n\s+--hash=sha256:", text))
    assert "://" not in text


def test_a_second_run_installs_nothing(installer: FakeInstaller, venv: Path) -> None:
    environment.ensure("runtime", venv)
    environment.ensure("runtime", venv)
    assert installer.calls == ["create", "runtime"]


def test_demo_after_test_installs_nothing(installer: FakeInstaller, venv: Path) -> None:
    environment.ensure("test", venv)
    environment.ensure("runtime", venv)
    assert installer.calls == ["create", "test"]


def test_test_after_demo_adds_to_the_same_environment(installer: FakeInstaller, venv: Path) -> None:
    environment.ensure("runtime", venv)
    environment.ensure("test", venv)
    assert installer.calls == ["create", "runtime", "test"]


def test_a_changed_lock_is_installed(
    installer: FakeInstaller, venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.ensure("runtime", venv)
    monkeypatch.setattr(environment, "digest", lambda _name: "changed")
    environment.ensure("runtime", venv)
    assert installer.calls == ["create", "runtime", "runtime"]


def test_a_failed_set_up_is_explained_and_begins_anew(installer: FakeInstaller, venv: Path) -> None:
    installer.breaks = True
    with pytest.raises(SetupError, match="run the same command again"):
        environment.ensure("runtime", venv)
    (venv / "half-a-package").touch()
    installer.breaks = False
    environment.ensure("runtime", venv)
    assert installer.calls == ["create", "runtime", "create", "runtime"]
    assert not (venv / "half-a-package").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(
    installer: FakeInstaller, venv: Path
) -> None:
    environment.ensure("runtime", venv)
    (venv / "bin" / "python").unlink()
    environment.ensure("runtime", venv)
    assert installer.calls == ["create", "runtime", "create", "runtime"]


def test_an_environment_made_by_hand_is_completed(installer: FakeInstaller, venv: Path) -> None:
    venv.mkdir()
    installer.create(venv)
    environment.ensure("runtime", venv)
    assert installer.calls == ["create", "runtime"]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"runtime": "other"}'])
def test_a_note_that_makes_no_sense_counts_as_none(venv: Path, content: str) -> None:
    venv.mkdir()
    (venv / "forestage-locks.json").write_text(content)
    assert not environment.is_complete(venv, "runtime")


def test_uv_is_preferred_when_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installers.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(installers, "succeeds", lambda *_: True)
    assert installers.choose().name == "uv"


def test_a_uv_that_does_not_start_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installers.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(installers, "succeeds", lambda *command: command[0] != "/bin/uv")
    assert installers.choose().name == "pip"


def test_without_any_installer_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installers.shutil, "which", lambda _name: None)
    monkeypatch.setattr(installers, "has_module", lambda _name: False)
    with pytest.raises(SetupError, match="apt-get install python3-venv"):
        installers.choose()


def test_without_ensurepip_the_machines_own_pip_installs(
    monkeypatch: pytest.MonkeyPatch, venv: Path
) -> None:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(installers, "run", lambda *command: commands.append(command))
    monkeypatch.setattr(installers, "succeeds", lambda *_: False)
    installers.Pip().create(venv)
    installers.Pip().install(venv, environment.lock_path("runtime"))
    assert "--without-pip" in commands[0]
    assert commands[1][:4] == (installers.BASE_PYTHON, "-m", "pip", "--python")
    assert "--require-hashes" in commands[1]


def test_the_bootstrap_needs_the_standard_library_alone() -> None:
    modules = ", ".join(f"config.bootstrap.{name}" for name in ("environment", "demo", "suite"))
    program = f"import sys; sys.path.insert(0, {str(environment.ROOT)!r}); import {modules}"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)


def test_other_commands_are_left_to_django() -> None:
    bootstrap.enter(["manage.py", "check"])
    bootstrap.enter(["manage.py"])


def test_a_python_without_django_and_no_environment_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, venv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(environment, "runs", lambda _venv: False)
    with pytest.raises(SystemExit) as stopped:
        bootstrap.enter(["manage.py", "check"])
    assert stopped.value.code == 1
    assert "python3 manage.py demo" in capsys.readouterr().err
