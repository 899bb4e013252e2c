"""A part of the torture as a process of its own: `python -m config.torture PART '{…}'`.

The conductor needs no Django, and the database that it talks about is not the one that the
settings of its own process would name.
"""

import importlib
import json
import os
import sys
from typing import Any


def main(part: str, told: dict[str, Any]) -> int:
    """Run a part with what the conductor told it."""
    if told.get("door") != "http":  # a client over HTTP starts sooner without
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
    code: int = importlib.import_module(f"config.torture.{part}").main(told)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
