"""One client: sends what its plan draws until its time is up, then settles what is unanswered."""

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config.torture import world
from config.torture.doors import Door, HttpDoor, InProcessDoor
from config.torture.journal import LAST_WORDS, Answer, Journal, Outcome, Request
from config.torture.plan import Plan

SETTLE_SECONDS = 90
"""How long a client goes on asking for what it was not answered, after its time is up."""


@dataclass(kw_only=True)
class Client:
    """Sends, repeats, and writes everything down."""

    name: str
    door: Door
    journal: Journal
    plan: Plan
    started: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=1))
    unanswered: deque[Request] = field(default_factory=deque)
    number: int = 0

    def work(self, until: float) -> None:
        """Send one request after the other until that time, some of them again."""
        with ThreadPoolExecutor(3) as crowd:
            while time.time() < until:
                if self.unanswered and self.plan.chance(0.3):
                    self.ask(self.unanswered.popleft())
                    continue
                request = self.new_request()
                if self.plan.chance(0.1):
                    self.ask_at_once(request, crowd)
                else:
                    self.ask(request)
                if self.plan.chance(0.1):
                    self.ask(request)

    def settle(self) -> int:
        """Ask again for everything without a last word; how many requests stay without."""
        deadline = time.time() + SETTLE_SECONDS
        while self.unanswered and time.time() < deadline:
            request = self.unanswered.popleft()
            if self.ask(request).outcome not in LAST_WORDS:
                time.sleep(0.2)
        return len(self.unanswered)

    def new_request(self) -> Request:
        """What the plan draws, at a moment that no other request of this client claims."""
        self.number += 1
        verb, lines = self.plan.draw()
        at = (self.started + timedelta(microseconds=self.number)).isoformat()
        body: dict[str, Any] = {"lines": lines, "at": at}
        if len(lines) > 1 and self.plan.chance(0.4):
            body["partial"] = True
        return Request(key=f"{self.name}-{self.number}", verb=verb, body=body, at=at)

    def ask(self, request: Request) -> Answer:
        """One attempt; what is left open is kept for later."""
        answer = self.attempt(request)
        self.consider(request, [answer])
        return answer

    def ask_at_once(self, request: Request, crowd: ThreadPoolExecutor) -> None:
        """The same request several times at the same moment, as an impatient scanner does."""
        self.consider(request, list(crowd.map(self.attempt, [request] * 3)))

    def attempt(self, request: Request) -> Answer:
        number = self.journal.sent(request)
        answer = self.door.send(request)
        self.journal.answered(number, answer)
        return answer

    def consider(self, request: Request, answers: list[Answer]) -> None:
        """Learn from what was done, and keep what has to be asked again."""
        done = [found for found in answers if found.outcome == Outcome.ACKNOWLEDGED]
        if done and not done[0].replayed:
            self.plan.learn(request.verb, request.body["lines"], done[0].content)
        if any(found.outcome not in LAST_WORDS for found in answers) and not done:
            self.unanswered.append(request)
            time.sleep(0.05)  # a server that is gone is not asked a thousand times a second


def main(told: dict[str, Any]) -> int:
    """Run the client that the conductor describes. Returns how many requests stay open, to 100."""
    name = told["name"]
    door: Door
    if told["door"] == "http":
        door = HttpDoor(told["host"], told["port"], told["token"])
    else:
        door = InProcessDoor(world.username(name))
    client = Client(
        name=name,
        door=door,
        journal=Journal(Path(told["journal"])),
        plan=Plan(name, f"{told['seed']}-{name}"),
    )
    client.work(time.time() + told["seconds"])
    return min(client.settle(), 100)
