"""The two ways in: the API over HTTP, and the verbs called in process, as an import does."""

import http.client
import json
import select
import threading
import traceback
from typing import Any, Protocol

from config.torture.journal import IN_USE, Answer, Outcome, Request

PATIENCE_SECONDS = 30


class Door(Protocol):
    """Carries a request out, or finds out that it cannot."""

    def send(self, request: Request) -> Answer: ...


class HttpDoor:
    """The API, on one kept connection for each thread, as an integrator's client has."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self.address = (host, port)
        self.token = token
        self._of_thread = threading.local()

    def send(self, request: Request) -> Answer:
        try:
            return self._exchange(request)
        except (OSError, http.client.HTTPException) as trouble:
            self._of_thread.link = None
            return Answer(outcome=Outcome.UNKNOWN, code=type(trouble).__name__)

    def _exchange(self, request: Request) -> Answer:
        link = getattr(self._of_thread, "link", None)
        if link is None or has_hung_up(link):
            link = http.client.HTTPConnection(*self.address, timeout=PATIENCE_SECONDS)
            self._of_thread.link = link
        headers = {
            "Authorization": f"Token {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": request.key,
        }
        path = f"/api/v1/{request.verb.replace('_', '-')}/"
        link.request("POST", path, json.dumps(request.body), headers)
        response = link.getresponse()
        content = response.read()
        return judge(response.status, content, bool(response.getheader("Idempotency-Replayed")))


def has_hung_up(link: http.client.HTTPConnection) -> bool:
    """Whether the server has ended an idle connection: nothing was sent on it, so take another."""
    return link.sock is None or bool(select.select([link.sock], [], [], 0)[0])


def judge(status: int, content: bytes, replayed: bool) -> Answer:
    """What an HTTP answer means to the client."""
    try:
        said = json.loads(content)
    except ValueError:
        said = {"code": "not_json", "text": content.decode(errors="replace")[:2000]}
    if status in (200, 207):
        outcome, code = Outcome.ACKNOWLEDGED, ""
    else:
        outcome, code = Outcome.REFUSED, said.get("code", "")
        if status == 503 or code == IN_USE:
            outcome = Outcome.UNAVAILABLE
        elif status >= 500:
            outcome = Outcome.FAILED
    return Answer(outcome=outcome, status=status, code=code, content=said, replayed=replayed)


class InProcessDoor:
    """`verbs.carry_out`, without a web server in between. Needs Django to be set up."""

    def __init__(self, username: str) -> None:
        from django.contrib.auth.models import User

        from inventory.audit import Actor
        from inventory.models import Surface

        self.by = Actor(User.objects.get(username=username), Surface.COMMAND)

    def send(self, request: Request) -> Answer:
        from django.db import InterfaceError, OperationalError

        from inventory.api.problems import Invalid
        from inventory.errors import Refused

        try:
            content, replayed = self._carry_out(request)
        except Refused as refusal:
            return Answer(outcome=Outcome.REFUSED, code=str(refusal.code))
        except Invalid as trouble:
            return Answer(outcome=Outcome.REFUSED, code="invalid", content=trouble.errors)
        except (OperationalError, InterfaceError) as trouble:
            return Answer(outcome=Outcome.UNAVAILABLE, code=str(trouble)[:200])
        except Exception:
            return Answer(outcome=Outcome.FAILED, code="exception", content=traceback.format_exc())
        finally:
            self.done_with()
        return Answer(outcome=Outcome.ACKNOWLEDGED, content=content, replayed=replayed)

    def done_with(self) -> None:
        """Give the connection back, as the end of a web request does."""
        from django.db import connection

        connection.close()

    def _carry_out(self, request: Request) -> tuple[dict[str, Any], bool]:
        from django.utils import timezone

        from inventory import verbs
        from inventory.api.lines import read_lines

        verb = verbs.REGISTRY[request.verb]
        asked = read_lines(verb.line, request.body)
        return verbs.carry_out(
            verb,
            asked.lines,
            by=self.by,
            at=asked.at or timezone.now(),
            key=request.key,
            asked=request.body,
            partial=asked.partial,
        )
