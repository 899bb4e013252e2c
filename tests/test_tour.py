"""The quick tour, played against a running demo by its own pages, as its reader would.

It takes what a reader takes, a minute and a half, so it runs when asked for: FORESTAGE_TEST_TOUR=1.
`tests/test_seed_demo.py` tells the same at once, by moving what stands in the lane back in time.
"""

import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from config.bootstrap import ports, processes
from config.bootstrap.environment import ROOT
from config.demo_accounts import DEMO_PASSWORD
from config.demo_plant.tour import LANE, LOT

pytestmark = pytest.mark.skipif(
    not os.environ.get("FORESTAGE_TEST_TOUR"), reason="takes as long as a reader: see CONTRIBUTING"
)

WITHIN = 120
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
ROW = re.compile(rf"<tr.*?{LANE}.*?</tr>", re.DOTALL)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """A demo of its own, from when it says that it is ready."""
    env = {**os.environ, "FORESTAGE_VAR": str(tmp_path)}
    env.pop("DJANGO_SETTINGS_MODULE", None)
    port = ports.free_port()
    command = [sys.executable, "manage.py", "demo", f"--port={port}"]
    child = processes.start(command, cwd=ROOT, env=env, stdout=subprocess.PIPE)
    try:
        assert child.stdout
        said = b""
        while b"Forestage is ready" not in said:
            said = child.stdout.readline()
            assert said, "it ended before it was ready"
        yield f"http://127.0.0.1:{port}"
    finally:
        processes.stop(child)


class Reader:
    """Somebody at a browser: a page, its hidden fields, and what is typed into the others."""

    def __init__(self, base: str, username: str) -> None:
        direct, cookies = urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor()
        assert isinstance(cookies.cookiejar, CookieJar)
        self.base, self.page = base, ""
        self.opener = urllib.request.build_opener(direct, cookies)
        self.open("/sign-in/")
        self.send("/sign-in/", username=username, password=DEMO_PASSWORD)

    def open(self, path: str, data: bytes | None = None) -> str:
        asked = urllib.request.Request(  # noqa: S310 - our own
            self.base + path, data, {"Referer": self.base}
        )
        with self.opener.open(asked, timeout=60) as answer:
            self.address, self.page = answer.url, answer.read().decode()
        return self.page

    def send(self, path: str, **typed: str) -> str:
        hidden = dict(HIDDEN.findall(self.page))
        return self.open(path, urllib.parse.urlencode(hidden | typed).encode())

    def scan(self, text: str) -> str:
        return self.send(urllib.parse.urlsplit(self.address).path, scan=text)

    def row(self) -> str:
        """What the worklist says of the tour's lane."""
        found = ROW.search(self.open("/worklist/"))
        return found[0].rpartition("<tr")[2] if found else ""


def wait_for(what: Callable[[], bool], until: float) -> None:
    while not what():
        assert time.monotonic() < until, "not within two minutes"
        time.sleep(1)


def test_a_reader_sees_all_of_it_within_two_minutes(demo: str) -> None:
    until = time.monotonic() + WITHIN
    operator, supervisor = Reader(demo, "operator"), Reader(demo, "supervisor")
    wait_for(lambda: "Staged for long" in operator.row(), until)
    assert "Escalated" not in operator.page[operator.page.index(LANE) :].split("</tr>")[0]
    wait_for(lambda: "Escalated" in operator.row(), until)
    [alert] = set(re.findall(r"stop=(\d+)", operator.row()))
    supervisor.open(f"/work/acknowledge/?alert={alert}")
    supervisor.send("/work/acknowledge/", alert=alert, reason="Olga takes it away")
    assert "Sana Supervisor" in operator.row()
    operator.scan(LANE)
    assert "/guided/" in operator.address
    operator.scan(LOT)
    assert operator.address.endswith("/worklist/")
    assert not operator.row()
    page = supervisor.open("/numbers/alerts/?site=RVS&period=week")
    assert "Staged for long" in page.partition('id="reasons"')[2]
    assert time.monotonic() < until
