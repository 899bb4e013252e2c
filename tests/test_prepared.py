"""A migrated database is made once, and anew when the migrations come to something else."""

from pathlib import Path

import pytest

from config.bootstrap import prepared
from config.bootstrap.environment import ROOT


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was made, in a place of its own, by something quicker than the migrations."""
    found: list[Path] = []

    def make(target: Path) -> None:
        target.write_text(prepared.digest())
        found.append(target)

    monkeypatch.setattr(prepared, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(prepared, "_migrated_file", make)
    return found


def test_it_is_made_once_and_copied(made: list[Path], tmp_path: Path) -> None:
    for name in ("one", "two"):
        prepared.sqlite(tmp_path / name)
    assert len(made) == 1
    assert (tmp_path / "one").read_text() == (tmp_path / "two").read_text() == prepared.digest()


def test_others_migrations_make_another_and_the_old_one_goes(
    made: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared.sqlite(tmp_path / "one")
    monkeypatch.setattr(prepared, "digest", lambda: "another")
    prepared.sqlite(tmp_path / "two")
    assert (tmp_path / "two").read_text() == "another"
    assert [path.name for path in prepared.KEPT.glob("sqlite-*")] == ["sqlite-another"]


def test_what_breaks_off_is_not_kept(
    made: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(target: Path) -> None:
        target.write_text("half")
        raise RuntimeError

    monkeypatch.setattr(prepared, "_migrated_file", fail)
    with pytest.raises(RuntimeError):
        prepared.sqlite(tmp_path / "one")
    assert list(prepared.KEPT.glob("*")) == [prepared.KEPT / "lock-sqlite"]


def test_what_the_migrations_import_counts() -> None:
    found = prepared.sources(ROOT.glob("*/migrations/*.py"))
    assert {ROOT / "config/roles.py", ROOT / "inventory/append_only.py"} <= found
    assert ROOT / "inventory/statements.py" in found, "imported by what they import"
    assert ROOT / "config/urls.py" not in found
