"""A client on a bad network: it speaks HTTP over raw sockets and loses what it likes."""

import itertools
import json
import re
import socket
import threading
from dataclasses import dataclass, field
from typing import Any

PATIENCE_SECONDS = 30
AGAIN = {"idempotency_key_in_use", "demand_busy", "container_busy", "busy", "rate_limited"}
"""Refusals that pass by themselves."""


def request(
    path: str, body: bytes, token: str, key: str = "", *, length: str | None = None, more: str = ""
) -> bytes:
    """A POST as it goes over the wire; `length` is what it claims."""
    head = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Token {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *([f"Idempotency-Key: {key}"] if key else []),
    ]
    return ("\r\n".join(head) + "\r\n" + more + "\r\n").encode("latin-1") + body


def talk(port: int, sent: bytes, *, half_close: bool = False, listen: bool = True) -> bytes:
    """Send it, perhaps say that nothing more comes, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as link:
        try:
            link.sendall(sent)
            if half_close:
                link.shutdown(socket.SHUT_WR)
            parts = []
            while listen and (part := link.recv(65536)):
                parts.append(part)
        except (ConnectionResetError, BrokenPipeError):  # the server wants no more of it
            return b"".join(parts) if "parts" in locals() else b""
        return b"".join(parts)


def status_of(answer: bytes) -> int:
    """0 where there is no answer at all."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


def body_of(answer: bytes) -> Any:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


@dataclass
class Lossy:
    """Sends each request until an answer arrives, under one key. Every third answer is lost, and
    every fifth request breaks off on its way."""

    port: int
    token: str
    sent: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    lost: int = 0
    replayed: int = 0

    def do(self, verb: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        whole = request(f"/api/v1/{verb}/", json.dumps(body).encode(), self.token, key)
        while True:
            answer = self._exchange(whole)
            if not answer:
                continue
            said: dict[str, Any] = body_of(answer)
            if status_of(answer) == 200:
                self.replayed += b"idempotency-replayed: true" in answer.lower()
                return said
            assert said.get("code") in AGAIN, said

    def _exchange(self, whole: bytes) -> bytes:
        number = next(self.sent)
        if number % 5 == 0:
            talk(self.port, whole[: len(whole) - 9], listen=False)
            return b""
        if number % 3 == 0:
            self.lost += 1
            talk(self.port, whole, listen=number % 2 == 0)  # gone at once, or on its way back
            return b""
        return talk(self.port, whole)


class LosingProxy:
    """Hands requests on to a server, and loses every third answer on its way back."""

    def __init__(self, port: int) -> None:
        self.to, self.seen, self.lost = port, itertools.count(1), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "LosingProxy":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE_SECONDS)

    def _serve(self) -> None:
        while True:
            try:
                caller, _address = self.listener.accept()
            except OSError:  # closed
                return
            with caller:
                answer = talk(self.to, _whole_request(caller))
                if next(self.seen) % 3:
                    caller.sendall(answer)
                else:
                    self.lost += 1


def _whole_request(caller: socket.socket) -> bytes:
    """Head and body, to be sent on over a connection for this one request."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += caller.recv(65536)
    head, _end, body = got.partition(b"\r\n\r\n")
    lengths = re.findall(rb"content-length: (\d+)", head.lower())
    while len(body) < int(lengths[0] if lengths else 0):
        body += caller.recv(65536)
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n" + body
