"""A client that a generator makes of the committed document, and the example that uses it."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.live_server_helper import LiveServer

from config.bootstrap.environment import ROOT
from inventory.models import Lot, Movement
from staging.models import Demand
from tests.contract.lossy import LosingProxy
from tests.factories import UserFactory
from tests.plant import Plant

EXAMPLE = ROOT / "docs/examples/stage_order.py"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the generated package lies."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.yaml").write_text("post_hooks: []\n")
    subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path",
         str(ROOT / "docs/openapi.json"), "--meta", "none",
         "--output-path", str(folder / "forestage_client"),
         "--config", str(folder / "config.yaml")],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


def example(generated: Path, server: str, *arguments: str) -> Any:
    """The example as a program of its own."""
    env = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return subprocess.run(
        [sys.executable, str(EXAMPLE), server, *arguments],
        env=env | {"PYTHONPATH": str(generated)},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


@pytest.fixture
def token(transactional_db: None) -> str:
    """Of a program."""
    said = StringIO()
    user = UserFactory(role="integrator")
    call_command("create_api_token", user.username, "--name", "example", stdout=said)
    return said.getvalue().split()[-1]


def test_the_example_does_it_once_on_a_bad_network(
    live_server: LiveServer, token: str, plant: Plant, generated: Path
) -> None:
    material = plant.material(initial_status="quarantine")
    names = (plant.site, plant.a1, plant.l1, plant.wc)
    asked = ("ERP-1", material.code, "L-1", *(place.code for place in names))
    with LosingProxy(int(live_server.url.rpartition(":")[2])) as proxy:
        server = f"http://127.0.0.1:{proxy.port}"
        refused = example(generated, server, token, *asked)
        assert refused.returncode == 1, refused.stderr
        assert "lot_quarantine" in refused.stderr
        plant.release(Lot.objects.get(number="L-1"))
        done = example(generated, server, token, *asked)
        assert done.stdout == "ERP-1 ready 40\n", done.stderr
        assert proxy.lost >= 2
    assert Demand.objects.count() == 1
    assert list(Movement.objects.order_by("pk").values_list("kind", flat=True)) == [
        "receive",
        "stage",
    ]
