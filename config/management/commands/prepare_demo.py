"""Bring the demo's database, static files and data up to date."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from staging.numbers.daily import keeping

DAYS_SECONDS = 10
"""How long the days of the demo's past are counted before it starts; beat goes on with the rest."""


class Command(BaseCommand):
    """What the demo needs, in one start of Django. Each may run again at no harm."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        collect_static()
        call_command("seed_demo")
        keeping.keep(timezone.now(), seconds=DAYS_SECONDS)


def collect_static() -> None:
    """Collect and compress static files when one has changed: it takes seconds."""
    note = Path(settings.STATIC_ROOT) / ".collected"
    current = fingerprint()
    if note.exists() and note.read_text() == current:
        return
    note.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    note.write_text(current)


def fingerprint() -> str:
    """Name, size and age of every static file there is."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list(ignore_patterns=None):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
