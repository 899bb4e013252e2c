"""What operations were really asked and answered, as a test wrote it down."""

import json
from functools import cache
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).with_name("examples.json")
Recorded = dict[str, dict[str, Any]]


@cache
def recorded() -> Recorded:
    """By operation: `request` (name → body), `responses` (status → body) and `parameters`; `forms`
    (content type → body) of what is answered in another form where that is asked for."""
    found: Recorded = json.loads(RECORDED.read_text("utf-8")) if RECORDED.is_file() else {}
    return found


def write(found: Recorded) -> None:
    """Keep them, one line for each leaf, so that a change is easy to read."""
    text = json.dumps(dict(sorted(found.items())), indent=1, ensure_ascii=False)
    RECORDED.write_text(text + "\n", encoding="utf-8")
    recorded.cache_clear()
