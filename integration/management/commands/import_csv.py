"""Load a CSV file with Forestage's own headers; docs/import.md describes them."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration.imports.command import add_options, carry_out
from integration.imports.kinds import KINDS
from integration.imports.run import job_of


class Command(BaseCommand):
    """Without --commit, says what it would do and changes nothing."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=list(KINDS), help="what the file holds")
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--into",
            default="in_force",
            metavar="DRAFT",
            help="of dwell policies: the version of a draft, or what a new one starts with, "
            "in_force or empty (%(default)s)",
        )
        add_options(parser)

    def handle(self, *args: Any, kind: str, file: Path, into: str, **options: Any) -> None:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        carry_out(self, lambda: [job_of(KINDS[kind], file.name, data, into=into)], options)
