"""Load a folder of OpenBoxes' exports: places, products, stock, stock lists."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integration.imports import openboxes
from integration.imports.command import add_options, carry_out


class Command(BaseCommand):
    """Without --commit, says what it would do and changes nothing."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, help="folder with the exports")
        add_options(parser)

    def handle(self, *args: Any, directory: Path, **options: Any) -> None:
        carry_out(self, lambda: openboxes.jobs(directory), options)
