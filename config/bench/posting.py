"""Staging over HTTP, single moves and in bulk, beside the limit of the same SQL."""

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone

from config.bench import data_master
from config.bench.limit import Statement, record, replay
from config.bench.report import Measure, Rate, compared
from inventory import verbs
from inventory.api.lines import read_lines
from inventory.audit import Actor
from inventory.models import Surface

SINGLE = "Single stage over HTTP (ours / the same SQL raw)"
BULK = "Bulk stage over HTTP (ours / the same SQL raw)"
Target = tuple[str, str, str]


class Client:
    """One connection to the web server that stays open, and nothing that costs time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def send(self, request: bytes) -> None:
        """Send one request and read its answer. Raises RuntimeError when it is refused."""
        self.socket.sendall(request)
        status = self.file.readline()
        length = 0
        while (line := self.file.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = self.file.read(length)
        if b" 200 " not in status:
            raise RuntimeError(f"{status.decode().strip()}: {body[:500].decode()}")

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def http_request(body: Any, key: str) -> bytes:
    """A stage request, ready to be sent."""
    content = json.dumps(body).encode()
    head = (
        "POST /api/v1/stage/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Token {data_master.SECRET}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def over_http(requests: "deque[bytes]", *, port: int, clients: int, seconds: float) -> Rate:
    """Send requests by so many clients at once, until the time or they are up.

    Those that were sent are taken off the queue.
    """
    taken: list[float] = []
    failed: list[Exception] = []
    start = threading.Barrier(clients + 1)

    def work() -> None:
        client = Client(port)
        try:
            start.wait()
            end = time.perf_counter() + seconds
            while requests and (began := time.perf_counter()) < end:
                client.send(requests.popleft())
                taken.append(time.perf_counter() - began)
        except (RuntimeError, OSError) as error:
            failed.append(error)
        finally:
            client.close()

    workers = [threading.Thread(target=work) for _ in range(clients)]
    for worker in workers:
        worker.start()
    start.wait()
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    if failed:
        raise failed[0]
    return Rate(len(taken), time.perf_counter() - began, taken)


def body_of(targets: Sequence[Target]) -> dict[str, Any]:
    """One line as an object, several as `lines`."""
    lines = [{"demand": demand, "lot": lot, "lane": lane} for demand, lot, lane in targets]
    return lines[0] if len(lines) == 1 else {"lines": lines}


class Posting:
    """Measures on one loaded plant. Each target is used up by the side that stages it."""

    def __init__(self, targets: Iterable[Target], *, port: int, by: Any) -> None:
        self.targets = deque(targets)
        self.port = port
        self.by = Actor(by, Surface.API)
        self.number = 0

    def single(self, clients: int, seconds: float, most: int) -> Measure:
        """Single moves by so many clients, beside as many bare ones."""
        name = f"{clients} client{'s' * (clients > 1)}"
        return self._measure(SINGLE, name, 1, clients, seconds, most, (600, 1000))

    def bulk(self, lines: int, clients: int, seconds: float, most: int) -> Measure:
        """Requests of many lines."""
        name = f"{lines:,} lines, {clients} client{'s' * (clients > 1)}"
        return self._measure(BULK, name, lines, clients, seconds, most, (6_000, 8_000))

    def warm(self, clients: int, rounds: int = 4) -> None:
        """Let every worker, thread and connection have seen the statements. In rounds, because it
        is left to the system which worker gets a client's connection."""
        for _number in range(rounds):
            requests = deque(self._request(self._next(1)) for _ in range(clients * 4))
            over_http(requests, port=self.port, clients=clients, seconds=60)

    def served(self, clients: int, seconds: float) -> Rate:
        """Single moves by so many clients, of ours alone."""
        return self._served(min(600 * round(seconds), len(self.targets)), 1, clients, seconds)

    def _measure(
        self,
        section: str,
        name: str,
        lines: int,
        clients: int,
        seconds: float,
        most: int,
        fastest: tuple[int, int],
    ) -> Measure:
        """`fastest` are moves a second that neither side will exceed: so many are prepared, or
        as many as there are, or `most` requests. Whoever has sent all is ready before the time."""
        there = len(self.targets) // lines
        ours, raw = (min(round(rate * seconds / lines), there // 2, most) for rate in fastest)
        served = self._served(ours, lines, clients, seconds)
        limit = self._limit(raw, lines, clients, seconds)
        return compared(section, name, served, limit, lines=lines, beside_what="raw SQL")

    def _served(self, most: int, lines: int, clients: int, seconds: float) -> Rate:
        parts = [self._next(lines) for _ in range(most)]
        requests = deque(self._request(part) for part in parts)
        rate = over_http(requests, port=self.port, clients=clients, seconds=seconds)
        self._give_back(parts[len(parts) - len(requests) :])
        return rate

    def _limit(self, most: int, lines: int, clients: int, seconds: float) -> Rate:
        parts = [self._next(lines) for _ in range(most)]
        recorded = [self._recorded(part) for part in parts]
        rate, left = replay(recorded, clients=clients, seconds=seconds)
        self._give_back([parts[number] for number in sorted(left)])
        return rate

    def _next(self, lines: int) -> list[Target]:
        return [self.targets.popleft() for _ in range(lines)]

    def _give_back(self, parts: Sequence[Sequence[Target]]) -> None:
        self.targets.extendleft(target for part in reversed(parts) for target in reversed(part))

    def _request(self, targets: Sequence[Target]) -> bytes:
        return http_request(body_of(targets), self._key())

    def _key(self) -> str:
        self.number += 1
        return f"bench-{self.number}"

    def _recorded(self, targets: Sequence[Target]) -> list[Statement]:
        verb = verbs.REGISTRY["stage"]
        asked = body_of(targets)
        lines = read_lines(verb.line, asked).lines
        return record(
            lambda: verbs.carry_out(
                verb, lines, by=self.by, at=timezone.now(), key=self._key(), asked=asked
            )
        )
