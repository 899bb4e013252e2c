"""Words for the person at the terminal. Standard library only, as all that starts us must be."""

import os
import sys
from typing import IO

COLOURS = {
    "web": "36",
    "worker": "33",
    "sender": "34",
    "beat": "35",
    "ok": "32",
    "failed": "31",
    "step": "1",
}


class SetupError(Exception):
    """Something the reader can put right: the message says what is wrong and what to do."""


def coloured(text: str, colour: str, stream: IO[str] | None = None) -> str:
    """Colour a text where a person watches; plain in files, pipes and with NO_COLOR set."""
    stream = stream or sys.stdout
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


def say(text: str) -> None:
    """Tell what happens next."""
    print(coloured(f"==> {text}", "step"), flush=True)


def complain(text: object) -> None:
    """Tell what went wrong, on standard error."""
    print(coloured(str(text), "failed", sys.stderr), file=sys.stderr, flush=True)
