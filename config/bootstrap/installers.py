"""Two ways to make a virtual environment from a lock: uv where it is there, else venv and pip."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from config.bootstrap.terminal import SetupError, say

BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)
"""The interpreter behind this one: it survives when `.venv` is made anew from inside."""


class Installer(Protocol):
    """Makes an empty environment, and installs a lock into it. Raises CalledProcessError."""

    name: str

    def create(self, venv: Path) -> None: ...

    def install(self, venv: Path, lock: Path) -> None: ...


class Uv:
    """One fast tool for both steps."""

    name = "uv"

    def __init__(self, program: str) -> None:
        self.program = program

    def create(self, venv: Path) -> None:
        run(self.program, "venv", "--quiet", "--allow-existing", "--python", BASE_PYTHON, str(venv))

    def install(self, venv: Path, lock: Path) -> None:
        target = ["--quiet", "--python", str(venv / "bin" / "python")]
        run(self.program, "pip", "install", *target, "--require-hashes", "-r", str(lock))


class Pip:
    """The standard library's venv, with pip from inside it, or Debian's own where it lacks one."""

    name = "pip"

    def create(self, venv: Path) -> None:
        without_pip = [] if has_module("ensurepip") else ["--without-pip"]
        run(BASE_PYTHON, "-m", "venv", *without_pip, str(venv))

    def install(self, venv: Path, lock: Path) -> None:
        target = str(venv / "bin" / "python")
        pip = [target, "-m", "pip"]
        if not succeeds(target, "-m", "pip", "--version"):
            pip = [BASE_PYTHON, "-m", "pip", "--python", target]
        quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
        run(*pip, "install", *quiet, "--require-hashes", "-r", str(lock))


def choose() -> Installer:
    """Take uv if it works, else pip; on Debian fetch `python3-venv` first where pip is missing."""
    uv = shutil.which("uv")
    if uv and succeeds(uv, "--version"):  # a version manager's stub may be there without it
        return Uv(uv)
    if not has_module("ensurepip") and not has_module("pip"):
        install_venv_package()
    return Pip()


def has_module(name: str) -> bool:
    """Whether the base interpreter has pip or ensurepip. Debian ships venv without either."""
    return succeeds(BASE_PYTHON, "-m", name, "--version")


def succeeds(*command: str) -> bool:
    """Whether a short probe exits with 0."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install_venv_package() -> None:
    """Get what Debian splits off its Python, as root; else say which package to ask for."""
    missing = (
        f"{BASE_PYTHON} has neither pip nor ensurepip, and uv is not installed.\n"
        "Install one of them, on Debian and Ubuntu with: apt-get install python3-venv"
    )
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupError(missing)
    say("Installing python3-venv")
    apt_install("python3-venv")
    if not has_module("ensurepip"):
        raise SetupError(missing)


def apt_install(*packages: str) -> None:
    """Install Debian packages without questions, and without starting the servers in them."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    options = ["-qq", "-y", "--no-install-recommends"]
    try:
        run("apt-get", "update", "-qq", env=quiet)
        run("apt-get", "install", *options, *packages, env=quiet, stdout=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        raise SetupError(f"apt-get could not install {' '.join(packages)}, see above.") from error


def run(*command: str, env: dict[str, str] | None = None, stdout: int | None = None) -> None:
    """Run a tool in plain sight; its failure is the caller's to explain."""
    subprocess.run(command, check=True, env=env, stdin=subprocess.DEVNULL, stdout=stdout)
