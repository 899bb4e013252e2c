"""The comparison with Tryton never stops the benchmark: where it cannot be made, a line says so."""

import subprocess
from pathlib import Path

import pytest

from config.bench import tryton

URL = "postgres://nobody@127.0.0.1:1/none"


class NoRegistry:
    name = "none"

    def create(self, venv: Path) -> None:
        venv.mkdir()

    def install(self, venv: Path, lock: Path) -> None:
        raise subprocess.CalledProcessError(1, ["pip"])


def test_a_quick_run_prepares_nothing(tmp_path: Path) -> None:
    [said] = tryton.measure(URL, tmp_path, ours={"single_1": 1000.0}, quick=True)
    assert said.name.startswith("not measured: ")
    assert said.ratio is None


def test_without_a_registry_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tryton, "choose", NoRegistry)
    [said] = tryton.measure(URL, tmp_path, ours={})
    assert said.name.startswith("not measured: ")


def test_ours_stands_beside_tryton_s() -> None:
    case = tryton.CASES[0]
    found = tryton._compared(case, (16.0, 0.06), 800.0)
    assert (found.value, found.beside, found.ratio) == (800.0, 16.0, 50.0)
    assert tryton._compared(case, (16.0, 0.06), None).ratio is None
