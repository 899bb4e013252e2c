"""What a page and all that it loads weigh on their way to the browser."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

MOST = 300_000
LOADED = re.compile(r"<(?:link|script|use)\b[^>]*?(?:href|src)=\"/static/([^\"#]+)")
"""Styles, scripts, signs; not the decoder of the camera, which is loaded when it is opened."""


def weight(page: bytes) -> int:
    """Bytes of the page and of each file once, compressed as they are served."""
    files = {str(finders.find(name)) for name in LOADED.findall(page.decode())}
    assert len(files) > 8
    return len(gzip.compress(page)) + sum(
        len(gzip.compress(Path(file).read_bytes())) for file in files
    )


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("supervisor", "/"),
        ("supervisor", "/numbers/"),
        ("operator", "/guided/stage/"),
        ("qa", "/lots/{lot}/dossier/"),
        ("qa", "/admin/inventory/lot/"),
    ],
)
def test_a_page_is_light(plant: Plant, client: Client, role: str, path: str) -> None:
    lot = plant.lot(100)
    client.force_login(UserFactory(role=role, is_staff=True))
    page = client.get(path.format(lot=lot.pk))
    assert page.status_code == 200
    assert 50_000 < weight(page.content) < MOST
