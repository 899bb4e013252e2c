"""One attempt: signed, to the right place, within its time, whatever the receiver does."""

import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from config.bootstrap.environment import ROOT
from integration.webhooks import sending
from integration.webhooks.sending import Line
from inventory import standard_webhooks
from tests.webhooks.receiver import Handler, Receiver, answers, hang_up, take

VECTORS = Path(
    os.environ.get("FORESTAGE_WEBHOOK_VECTORS")
    or ROOT.parent / "shared/standards/webhooks/vectors.json"
)
SECRET = standard_webhooks.spelled(bytes(range(32)))
OTHER = standard_webhooks.spelled(bytes(range(32, 64)))
PATIENCE = 60


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tenths of a second instead of fifteen."""
    monkeypatch.setattr(sending, "TIMEOUT", 0.3)


def post(line: Line, *secrets: str, number: str = "e1") -> sending.Answer:
    content = b'{"id":"%s"}' % number.encode()
    signed = standard_webhooks.headers(secrets, number, int(time.time()), content)
    return line.post(content, signed)


@pytest.mark.skipif(not VECTORS.exists(), reason=f"{VECTORS.name} is not here")
def test_the_signature_is_that_of_the_specification() -> None:
    for known in json.loads(VECTORS.read_text())["vectors"]:
        content = known["body"].encode()
        made = standard_webhooks.headers(
            [known["secret"]], known["id"], known["timestamp"], content
        )
        assert made["webhook-signature"] == known["signature"]


@pytest.mark.parametrize("known", [SECRET, OTHER])
def test_whoever_knows_one_of_the_secrets_can_verify_it(receiver: Receiver, known: str) -> None:
    receiver.secrets = [known]
    with Line(receiver.url) as line:
        answer = post(line, SECRET, OTHER)
    assert (answer.status, answer.is_taken, answer.address) == (204, True, "127.0.0.1")
    [headers] = receiver.attempts
    assert headers["webhook-signature"].count("v1,") == 2
    assert headers["host"] == urlsplit(receiver.url).netloc
    assert headers["content-type"] == "application/json"


def test_who_knows_none_does_not(receiver: Receiver) -> None:
    receiver.secrets = [OTHER]
    with Line(receiver.url) as line:
        assert (post(line, SECRET).status, receiver.taken) == (401, [])


def test_one_connection_serves_many(receiver: Receiver) -> None:
    receiver.secrets = [SECRET]
    with Line(receiver.url) as line:
        for number in range(20):
            assert post(line, SECRET, number=f"e{number}").is_taken
    assert receiver.connections == 1
    assert receiver.ids == [f"e{number}" for number in range(20)]


def test_a_connection_that_was_closed_in_between_costs_no_attempt(receiver: Receiver) -> None:
    receiver.secrets = [SECRET]

    def take_and_close(handler: Handler) -> None:
        take(handler)
        hang_up(handler)

    receiver.next = [take_and_close]
    with Line(receiver.url) as line:
        assert post(line, SECRET).is_taken
        assert post(line, SECRET).is_taken
    assert receiver.connections == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.next = [answers(status, Location="/elsewhere")]
    with Line(receiver.url) as line:
        answer = post(line, SECRET)
    assert (answer.status, answer.is_taken) == (status, False)
    assert len(receiver.attempts) == 1


def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    receiver.secrets = [SECRET]
    with Line(receiver.url) as line:
        assert post(line, SECRET).is_taken


def _hang(_handler: Handler, left: Event) -> None:
    left.wait(PATIENCE)


def _drip(handler: Handler, left: Event) -> None:
    """A byte now and then: no wait for a single one is ever long."""
    until = time.monotonic() + PATIENCE
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while time.monotonic() < until and not left.wait(0.05):
            handler.wfile.write(b"X")
            handler.wfile.flush()


@pytest.mark.parametrize("behaviour", [_hang, _drip])
def test_whoever_does_not_answer_in_time_has_not_taken_it(
    receiver: Receiver, quick: None, behaviour: Any
) -> None:
    left = Event()
    receiver.next = [lambda handler: behaviour(handler, left)]
    began = time.monotonic()
    with Line(receiver.url) as line:
        answer = post(line, SECRET)
    left.set()
    assert (answer.status, "no answer within" in answer.error) == (None, True)
    assert time.monotonic() - began < PATIENCE / 2


def test_a_hung_up_connection_is_a_failure_that_says_so(receiver: Receiver) -> None:
    receiver.next = [hang_up]
    with Line(receiver.url) as line:
        answer = post(line, SECRET)
    assert (answer.status, bool(answer.error)) == (None, True)


def test_nobody_listening_is_one_too(receiver: Receiver) -> None:
    with Line("http://127.0.0.1:9/") as line:
        assert "refused" in post(line, SECRET).error


def test_nonsense_is_a_failure(receiver: Receiver) -> None:
    receiver.next = [lambda handler: handler.wfile.write(b"SMTP ready\r\n" * 3) and None]
    with Line(receiver.url) as line:
        assert post(line, SECRET).status is None


def test_of_a_long_answer_only_the_beginning_is_kept(receiver: Receiver) -> None:
    receiver.next = [answers(500, b"a\0b" + b"x" * 3_000_000)]
    with Line(receiver.url) as line:
        answer = post(line, SECRET)
        assert line.connection is None  # the rest is not waited for
    assert len(answer.text) == sending.MOST_KEPT
    assert answer.text.startswith("abx")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `receiver.test`, signed by itself."""
    path = tmp_path_factory.mktemp("tls") / "receiver.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1"
    subprocess.run(
        [*command.split(), "-subj", "/CN=receiver.test", "-addext",
         "subjectAltName=DNS:receiver.test", "-keyout", path, "-out", path.with_suffix(".crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    return path


@pytest.fixture
def tls(receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The receiver over TLS; its port. Every `.test` name is this machine's."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Bound", (Handler,), {"receiver": receiver})
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.with_suffix(".crt"), certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setattr(sending.addresses, "reachable", lambda parts: ["127.0.0.1"])
    trust = ssl.create_default_context(cafile=str(certificate.with_suffix(".crt")))
    monkeypatch.setattr(sending, "_trust", lambda: trust)
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_host_and_certificate_go_by_the_name_not_the_address(receiver: Receiver, tls: int) -> None:
    receiver.secrets = [SECRET]
    with Line(f"https://receiver.test:{tls}/hook") as line:
        answer = post(line, SECRET)
    assert (answer.status, answer.address) == (204, "127.0.0.1")
    assert receiver.attempts[0]["host"] == f"receiver.test:{tls}"


def test_somebody_elses_certificate_is_refused(receiver: Receiver, tls: int) -> None:
    with Line(f"https://other.test:{tls}/hook") as line:
        assert "certificate verify failed" in post(line, SECRET).error
    assert receiver.attempts == []
