"""Runs the commands of a guide, and compares what they answer with what stands below them."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from config.bootstrap.environment import ROOT

REST = "…"
"""Stands for whatever more there is."""
BETWEEN = "=== the next block ==="
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n^```(json|text)\n(.*?)^```$)?", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """Commands, and what they are said to answer; `kind` is '' where nothing is said."""

    commands: str
    kind: str
    answer: str


def blocks(page: Path) -> list[Block]:
    """The shell blocks of a page, in their order."""
    found = BLOCK.findall(page.read_text("utf-8"))
    return [
        Block(commands, kind, answer) for shell, commands, kind, answer in found if shell == "sh"
    ]


def run(guide: list[Block], server: str, folder: Path) -> list[str]:
    """What each block printed: all of them in one shell, against our own server."""
    script = f"\necho; echo '{BETWEEN}'\n".join(block.commands for block in guide)
    script = script.replace("http://127.0.0.1:8000", server)
    script = script.replace(".venv/bin/python manage.py", f"{sys.executable} {ROOT}/manage.py")
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=folder, env=surroundings(), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout.split(BETWEEN)


def surroundings() -> dict[str, str]:
    """For commands of ours: the database that the server of the test is on."""
    known: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{known['NAME']}"
    else:
        url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**known)
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return kept | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}


def differs(block: Block, printed: str) -> str:
    """What a block answered else than it says; '' if nothing."""
    if block.kind == "text":
        lines = [line.strip() for line in printed.splitlines()]
        return next((line for line in block.answer.splitlines() if line not in lines), "")
    if block.kind == "json":
        return compare(json.loads(block.answer), json.loads(printed), "$")
    return ""


def compare(said: Any, is_so: Any, path: str) -> str:
    """Where two values differ, `…` standing for any and for more."""
    if said == REST:
        return ""
    if isinstance(said, dict) and isinstance(is_so, dict):
        return _compare_objects(said, is_so, path)
    if isinstance(said, list) and isinstance(is_so, list):
        more = REST in said
        wanted = [inner for inner in said if inner != REST]
        if len(is_so) < len(wanted) or (len(is_so) > len(wanted) and not more):
            return f"{path}: {len(is_so)} instead of {len(wanted)}"
        pairs = enumerate(zip(wanted, is_so, strict=False))
        return next((d for n, (a, b) in pairs if (d := compare(a, b, f"{path}[{n}]"))), "")
    return "" if said == is_so else f"{path}: {is_so!r} instead of {said!r}"


def _compare_objects(said: dict[str, Any], is_so: dict[str, Any], path: str) -> str:
    wanted = {name: inner for name, inner in said.items() if name != REST}
    if lacking := wanted.keys() - is_so.keys():
        return f"{path} has no {sorted(lacking)}"
    if REST not in said and (more := is_so.keys() - wanted.keys()):
        return f"{path} has {sorted(more)} as well"
    pairs = (
        (name, compare(inner, is_so[name], f"{path}.{name}")) for name, inner in wanted.items()
    )
    return next((found for _name, found in pairs if found), "")
