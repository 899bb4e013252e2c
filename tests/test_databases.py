"""What is said of the run on SQLite is about tests that there are."""

import pytest

from config.bootstrap.environment import ROOT
from tests.databases import AGAIN, SURFACES


@pytest.mark.parametrize("name", [*SURFACES, *AGAIN])
def test_what_is_named_is_there(name: str) -> None:
    path, _colons, function = name.partition("::")
    assert (ROOT / path).exists()
    assert not function or f"\ndef {function}(" in (ROOT / path).read_text()


@pytest.mark.parametrize("name", AGAIN)
def test_what_runs_again_is_of_a_surface(name: str) -> None:
    assert name.startswith(SURFACES)
