"""`manage.py check_export FILE.zip`: what `static/check_export.py` says of it, and the trail."""

import runpy
from hashlib import file_digest
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.models import AuditEntry
from inventory.sheets.recorded import FINISHED


class Command(BaseCommand):
    help = (
        "Checks that an export of the ledger is whole and is the one that the audit trail has. "
        "Elsewhere, static/check_export.py does it with Python alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--published", default="", help="a seal that was published, N:HASH")

    def handle(self, *args: Any, file: Path, published: str, **options: Any) -> None:
        script = runpy.run_path(str(Path(settings.BASE_DIR, "static/check_export.py")))
        try:
            for line in script["check"](str(file), published=published):
                self.stdout.write(line)
            with file.open("rb") as content:
                digest = file_digest(content, "sha256").hexdigest()
        except (OSError, BadZipFile) as error:
            raise CommandError(f"The export cannot be read: {error}") from error
        except (ValueError, KeyError) as error:
            raise CommandError(f"NOT WHOLE: {error}") from error
        entry = AuditEntry.objects.filter(action=FINISHED, facts__sha256=digest).first()
        if entry is None:
            raise CommandError("The audit trail knows of no export with this checksum.")
        self.stdout.write(f"Exported by {entry.actor}, {entry.recorded_at.isoformat()}.")
