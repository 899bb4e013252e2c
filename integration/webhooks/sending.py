"""One signed POST: to an address that was checked, within its time, and nowhere else.

The standard library, because the point is what it is connected to: the name is resolved once, the
socket goes to an address that was looked at, and `Host` and the certificate go by the name.
Neither redirects nor the environment's proxies are followed.
"""

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from io import BufferedReader, RawIOBase
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urlsplit

from integration.webhooks import addresses
from inventory.standard_webhooks import TIMEOUT

CONNECT_WITHIN = 5.0
"""Seconds for each address of a name, so that there is time for the next one."""

MOST_KEPT = 500
"""Characters of an answer that are kept."""

MOST_READ = 65536
"""Bytes of an answer that are read, to use the connection again."""

BROKEN = (HTTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, or why there is none."""

    status: int | None = None
    text: str = ""
    error: str = ""
    address: str = ""
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Line:
    """A connection to a receiver, kept open from one message to the next."""

    def __init__(self, url: str) -> None:
        self.parts = urlsplit(url)
        self.connection: _Connection | None = None

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def post(self, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Send it and wait for the answer. Never raises: what went wrong is in the answer."""
        began = monotonic()
        was_open = self.connection is not None
        answer = self._once(content, headers, began)
        if was_open and answer.status is None and monotonic() - began < TIMEOUT:
            # The receiver may have closed what it kept open: that says nothing about the message.
            answer = self._once(content, headers, began)
        return answer

    def _once(self, content: bytes, headers: Mapping[str, str], began: float) -> Answer:
        try:
            connection = self.connection = self.connection or _Connection(self.parts, began)
            connection.until(began + TIMEOUT)
            connection.request("POST", _path(self.parts), content, dict(headers))
            response = connection.getresponse()
        except BROKEN as failure:
            address = self.connection.address if self.connection else ""
            self.close()
            error = _words(failure)
            return Answer(error=error, address=address, seconds=monotonic() - began)
        answer = _read(response, connection.address, began)
        if connection.sock is None or not response.isclosed():
            self.close()
        return answer


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _words(failure: Exception) -> str:
    if isinstance(failure, TimeoutError):
        return f"no answer within {TIMEOUT} s"
    return str(failure) or type(failure).__name__


def _read(response: HTTPResponse, address: str, began: float) -> Answer:
    content = b""
    with suppress(*BROKEN):  # the status is the answer; what follows it is for people
        content = response.read(MOST_READ)
    text = content.decode("utf-8", "replace").replace("\0", "")[:MOST_KEPT]
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, text, "", address, monotonic() - began, headers)


class _Connection(HTTPConnection):
    """HTTP over a socket to an address that was allowed, all of it within a deadline."""

    def __init__(self, parts: SplitResult, began: float) -> None:
        super().__init__(parts.hostname or "", parts.port or addresses.PORTS[parts.scheme])
        # What the name of the port is, and so whether it stands in `Host`, goes by the scheme.
        self.default_port = addresses.PORTS[parts.scheme]
        self.parts, self.address, self.deadline = parts, "", began + TIMEOUT

    def until(self, deadline: float) -> None:
        """What is sent and read from now on must be done by then."""
        self.deadline = deadline
        if isinstance(self.sock, _Timed):
            self.sock.deadline = deadline

    def connect(self) -> None:
        """Resolve the name, once, and connect to the first of its addresses that answers."""
        failure: OSError = OSError("the name has no address")
        for address in addresses.reachable(self.parts):
            self.address = address
            try:
                self.sock = _Timed(self._socket(address), self.deadline)
            except OSError as error:
                failure = error
            else:
                return
        raise failure

    def _socket(self, address: str) -> socket.socket:
        within = min(CONNECT_WITHIN, _left(self.deadline))
        plain = socket.create_connection((address, self.port), timeout=within)
        # Head and body are sent one after the other: the second must not wait for a receipt.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.parts.scheme == "http":
            return plain
        try:
            plain.settimeout(_left(self.deadline))
            return _trust().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


@cache
def _trust() -> ssl.SSLContext:
    """The authorities that this machine trusts; `SSL_CERT_FILE` names others."""
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Timed:
    """A socket whose every step must be done before one deadline, not each within a timeout.

    Else a receiver that sends a byte now and then would hold a worker for ever.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock, self.deadline = sock, deadline

    def sendall(self, content: Any) -> None:
        self.sock.settimeout(_left(self.deadline))
        self.sock.sendall(content)

    def recv_into(self, buffer: Any) -> int:
        self.sock.settimeout(_left(self.deadline))
        return self.sock.recv_into(buffer)

    def makefile(self, *_: Any) -> BufferedReader:
        return BufferedReader(_Received(self))

    def close(self) -> None:
        self.sock.close()


class _Received(RawIOBase):
    """What comes in, for `http.client` to read. The connection outlives it."""

    def __init__(self, timed: _Timed) -> None:
        self.timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self.timed.recv_into(buffer)
