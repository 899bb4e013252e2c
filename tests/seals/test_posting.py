"""Seals are posted to other systems, signed, until they are taken."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from config import checked
from config.bootstrap.environment import ROOT
from inventory import standard_webhooks, tasks
from inventory.models import Seal, SealNotice
from inventory.seals import publishing
from tests.plant import Plant

SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
VECTORS = Path(
    os.environ.get("FORESTAGE_WEBHOOK_VECTORS")
    or ROOT.parent / "shared/standards/webhooks/vectors.json"
)
"""Messages signed by the specification's own library; they are not part of the product."""


class Keeper(BaseHTTPRequestHandler):
    """A system that keeps seals; `answers` are the next ones that it gives, then 204."""

    answers: ClassVar[list[int]] = []
    taken: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((dict(self.headers), content))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def keeper(settings: Any) -> Iterator[type[Keeper]]:
    """Listening, and named in the settings."""
    server = HTTPServer(("127.0.0.1", 0), Keeper)
    Thread(target=server.serve_forever, daemon=True).start()
    Keeper.answers, Keeper.taken = [], []
    settings.SEAL_URLS = [f"http://127.0.0.1:{server.server_port}/seals"]
    settings.SEAL_SECRET = SECRET
    yield Keeper
    server.shutdown()
    server.server_close()


@pytest.mark.django_db
def test_the_newest_seal_is_posted_signed(under_seal: Plant, keeper: type[Keeper]) -> None:
    assert tasks.publish_seals() == 1
    [(headers, content)] = keeper.taken
    newest, notice = Seal.objects.newest(), SealNotice.objects.get()
    assert json.loads(content)["data"]["seal"] == newest.published_as
    assert headers["Webhook-Id"] == f"seal_{notice.pk}"
    seconds = int(headers["Webhook-Timestamp"])
    assert headers["Webhook-Signature"] == standard_webhooks.signature(
        SECRET, headers["Webhook-Id"], seconds, content
    )
    assert notice.sent_at
    assert mail.outbox == []


@pytest.mark.django_db
@pytest.mark.parametrize("answer", [500, 302, 410])
def test_what_is_not_taken_is_posted_again(
    answer: int, under_seal: Plant, keeper: type[Keeper]
) -> None:
    """A redirect, too: it is not followed."""
    keeper.answers.append(answer)
    assert tasks.publish_seals() == 0
    assert SealNotice.objects.get().error == f"answered {answer}"
    with time_machine.travel(timezone.now() + publishing.AGAIN):
        assert tasks.publish_seals() == 1
    (first, said), (second, again) = keeper.taken
    assert (first["Webhook-Id"], said) == (second["Webhook-Id"], again)
    assert first["Webhook-Timestamp"] != second["Webhook-Timestamp"]


@pytest.mark.django_db
def test_who_is_down_is_asked_once_a_round(under_seal: Plant, keeper: type[Keeper]) -> None:
    for day in range(3):
        keeper.answers.append(503)
        with time_machine.travel(timezone.now() + timedelta(hours=25 * day)):
            under_seal.lot(1)
            tasks.seal_records()
            assert tasks.publish_seals() == 0
    assert len(keeper.taken) == 3
    with time_machine.travel(timezone.now() + timedelta(hours=60)):
        assert tasks.publish_seals() == 3


@pytest.mark.django_db
def test_nobody_listening_costs_nothing_but_time(under_seal: Plant, settings: Any) -> None:
    settings.SEAL_URLS, settings.SEAL_SECRET = ["http://127.0.0.1:9/"], SECRET
    settings.SEAL_EMAILS = ["qa@example.com"]
    assert tasks.publish_seals() == 1
    assert len(mail.outbox) == 1
    assert "refused" in SealNotice.objects.get(sent_at=None).error


@pytest.mark.skipif(not VECTORS.exists(), reason=f"{VECTORS.name} is not here")
def test_the_signature_is_that_of_the_specification() -> None:
    for known in json.loads(VECTORS.read_text())["vectors"]:
        made = standard_webhooks.signature(
            known["secret"], known["id"], known["timestamp"], known["body"].encode()
        )
        assert made == known["signature"]


@pytest.mark.parametrize(
    ("urls", "secret", "production"),
    [
        (["http://keeper.example/"], SECRET, True),
        (["ftp://keeper.example/"], SECRET, False),
        (["https://keeper.example/"], "", True),
        (["https://keeper.example/"], "whsec_short", False),
    ],
)
def test_nothing_leaves_in_clear_or_unsigned(urls: Any, secret: str, production: bool) -> None:
    with pytest.raises(ImproperlyConfigured):
        checked.seal_urls(urls, secret, production=production)
    assert checked.seal_urls([], secret, production=production) == []


def test_a_secret_of_the_specification_will_do() -> None:
    for size in (24, 64):
        secret = "whsec_" + b64encode(bytes(size)).decode()
        assert checked.seal_urls(["https://keeper.example/"], secret, production=True)
