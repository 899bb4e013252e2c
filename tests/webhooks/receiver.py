"""A real system that receives webhooks, on this machine, and is as good or bad as a test asks."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from standardwebhooks.webhooks import Webhook

Behaviour = Callable[["Handler"], None]


@dataclass
class Receiver:
    """What came in, and what is answered next: `next` first, then `otherwise`."""

    url: str = ""
    secrets: list[str] = field(default_factory=list)
    next: list[Behaviour] = field(default_factory=list)
    otherwise: Behaviour | None = None
    attempts: list[dict[str, str]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0

    @property
    def ids(self) -> list[str]:
        """The events that were taken, in the order in which they were."""
        return [event["id"] for event in self.taken]


class Handler(BaseHTTPRequestHandler):
    """Verifies with the published package; what does not verify is answered with 401."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    receiver: Receiver
    content: bytes

    def setup(self) -> None:
        super().setup()
        self.receiver.connections += 1

    def do_POST(self) -> None:
        self.content = self.rfile.read(int(self.headers["Content-Length"]))
        self.receiver.attempts.append({name.lower(): value for name, value in self.headers.items()})
        behaviour = self.receiver.next.pop(0) if self.receiver.next else self.receiver.otherwise
        (behaviour or take)(self)

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Silent."""


def take(handler: Handler) -> None:
    """Take it if one of the secrets verifies it."""
    for secret in handler.receiver.secrets:
        with suppress(Exception):
            handler.receiver.taken.append(
                Webhook(secret).verify(handler.content, dict(handler.headers))
            )
            return handler.answer(204)
    return handler.answer(401, b"unsigned")


def answers(status: int, content: bytes = b"no", **headers: str) -> Behaviour:
    return lambda handler: handler.answer(status, content, **headers)


def take_and_hang_up(handler: Handler) -> None:
    """Take it, and let nobody know: as a connection that breaks before the answer."""
    handler.receiver.taken.append(json.loads(handler.content))
    hang_up(handler)


def hang_up(handler: Handler) -> None:
    with suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[Receiver]:
    receiver = Receiver()
    kind = type("Bound", (Handler,), {"receiver": receiver})
    server = ThreadingHTTPServer((host, 0), kind)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # we hang up, too
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?of=plant"
    yield receiver
    server.shutdown()
    server.server_close()
