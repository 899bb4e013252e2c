"""`manage.py document`: bring the documents that are derived up to date."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from integration.openapi import committed
from integration.problems import tables


class Command(BaseCommand):
    help = "Write what is derived: the tables of problems in docs/, and docs/openapi.json."

    def handle(self, *args: Any, **options: Any) -> None:
        for path in (*tables.write(), *committed.write()):
            self.stdout.write(f"Renewed {path.relative_to(settings.BASE_DIR)}")
