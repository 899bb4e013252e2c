"""A mail server on this machine: speaks SMTP, keeps what it takes, refuses as told."""

import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

HELLO = b"250-here\r\n250 8BITMIME\r\n"


@dataclass
class Mailbox:
    """`refusals` are answers to a step (`RCPT`, `DATA` for what was sent), one after the other, in
    place of the usual; an empty one breaks the connection without a word, after keeping it."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    refusals: dict[str, list[bytes]] = field(default_factory=dict)
    visits: int = 0
    before_answer: Callable[[], None] = lambda: None

    def answer(self, step: str, usual: bytes) -> bytes:
        return self.refusals[step].pop(0) if self.refusals.get(step) else usual

    @property
    def addresses(self) -> list[str]:
        return [str(one["To"]) for one in self.taken]

    def text(self, number: int = -1, kind: str = "plain") -> str:
        part = self.taken[number].get_body((kind,))
        assert part
        return str(part.get_content())


class _Talk(StreamRequestHandler):
    box: Mailbox

    def handle(self) -> None:
        self.box.visits += 1
        self._say(b"220 here\r\n")
        while line := self.rfile.readline():
            step = line[:4].upper().strip().decode()
            if step == "QUIT":
                self._say(b"221 bye\r\n")
                return
            if step == "DATA":
                if not self._data():
                    return
            else:
                usual = HELLO if step == "EHLO" else b"250 fine\r\n"
                self._say(self.box.answer(step, usual))

    def _data(self) -> bool:
        self._say(b"354 go on\r\n")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        answer = self.box.answer("DATA", b"250 kept\r\n")
        if not answer or answer.startswith(b"2"):
            read = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            self.box.taken.append(read)  # type: ignore[arg-type]
        self.box.before_answer()
        if not answer:
            return False
        self._say(answer)
        return True

    def _say(self, text: bytes) -> None:
        with suppress(OSError):  # whoever asked may be gone
            self.wfile.write(text)


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def listening(port: int = 0) -> Iterator[Mailbox]:
    box = Mailbox()
    handler: Any = type("Talk", (_Talk,), {"box": box})
    with _Server(("127.0.0.1", port), handler) as server:
        box.port = server.server_address[1]
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield box
        server.shutdown()
