"""Renew the catalogues of translations in `locale/`, and compile them.

Needs GNU gettext (`xgettext`, `msgmerge`, `msgfmt`). What it writes is committed, so that nobody
who only runs the product needs it.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import makemessages

SOURCE = "en"
"""The language of the texts in the code; it has no catalogue."""

IGNORED = [
    ".venv",
    "tests",
    "docs",
    "static",
    "staticfiles",
    "var",
    "config/bench",
    "config/torture",
]
DATED = '"POT-Creation-Date:'
"""A line of the header that would differ at every run."""


class Command(makemessages.Command):
    """New texts are added empty, those that are gone are dropped; nothing is guessed."""

    help = __doc__
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def handle(self, *args: Any, **options: Any) -> None:
        languages = [code for code, _name in settings.LANGUAGES if code != SOURCE]
        asked = {
            "locale": languages, "ignore_patterns": IGNORED, "no_obsolete": True,
            "add_location": "file", "no_wrap": True,
        }  # fmt: skip
        super().handle(*args, **options | asked)
        for language in languages:
            _undate(settings.BASE_DIR / "locale" / language / "LC_MESSAGES" / "django.po")
        call_command("compilemessages", locale=languages, ignore_patterns=IGNORED)


def _undate(catalogue: Path) -> None:
    lines = catalogue.read_text().splitlines(keepends=True)
    catalogue.write_text("".join(line for line in lines if not line.startswith(DATED)))
