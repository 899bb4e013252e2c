"""The API's document as it is kept with the source, for who generates a client from it."""

import json
from pathlib import Path

from django.conf import settings

from inventory.api import document

PATH = Path(settings.BASE_DIR) / "docs" / "openapi.json"


def text() -> str:
    """The document that is served."""
    return json.dumps(document.whole(), indent=1, ensure_ascii=False) + "\n"


def write() -> list[Path]:
    """Bring it up to date; the file, if it had to change."""
    now = text()
    if PATH.is_file() and PATH.read_text("utf-8") == now:
        return []
    PATH.write_text(now, encoding="utf-8")
    return [PATH]
