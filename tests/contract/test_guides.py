"""The guides for integrators are true: their commands are run on the demo plant, as they stand."""

from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.live_server_helper import LiveServer

from config.bootstrap.environment import ROOT
from tests.contract.guides import blocks, compare, differs, run

GUIDES = [ROOT / "docs/integrators.md", ROOT / "docs/api.md"]


@pytest.fixture
def demo(live_server: LiveServer, settings: object, tmp_path: Path) -> LiveServer:
    """The demo plant, on a server."""
    settings.VAR_DIR = tmp_path  # type: ignore[attr-defined]
    call_command("seed_demo", verbosity=0)
    (tmp_path / "certificate.pdf").write_bytes(b"%PDF-1.7 certificate")
    return live_server


def test_the_guides_are_as_it_is(demo: LiveServer, tmp_path: Path) -> None:
    for guide in GUIDES:
        written = blocks(guide)
        printed = run(written, demo.url, tmp_path)
        assert len(printed) == len(written) > 6
        for block, answer in zip(written, printed, strict=True):
            wrong = differs(block, answer)
            assert not wrong, f"{guide.name}: {wrong}\n{block.commands}\n{answer[:2000]}"


@pytest.mark.parametrize(
    ("said", "is_so", "wrong"),
    [
        ({"a": 1}, {"a": 1}, ""),
        ({"a": 1}, {"a": 2}, "$.a: 2 instead of 1"),
        ({"a": 1}, {"a": 1, "b": 2}, "$ has ['b'] as well"),
        ({"a": 1, "…": "…"}, {"a": 1, "b": 2}, ""),
        ({"a": 1, "…": "…"}, {"b": 2}, "$ has no ['a']"),
        ([{"a": 1}, "…"], [{"a": 1}, 2, 3], ""),
        ([1, 2], [1], "$: 1 instead of 2"),
        (["…"], [], ""),
    ],
)
def test_a_guide_that_is_wrong_is_found_out(said: object, is_so: object, wrong: str) -> None:
    assert compare(said, is_so, "$") == wrong
