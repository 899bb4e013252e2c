"""`manage.py export_ledger FILE.zip`: movements and what goes with them, with a manifest."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integration.exports.command import add_span, save, span_of
from integration.exports.ledger.making import export_ledger
from integration.exports.ledger.records import Lines


class Command(BaseCommand):
    help = (
        "Writes the ledger of a range as a ZIP: movements, decisions, holds, changes of claim, lot "
        "links, the seals over them, and a manifest. That it was written is recorded. "
        "`check_export` says whether it is whole."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_span(parser)
        parser.add_argument("--as", choices=Lines.values, default=Lines.CSV, dest="lines")

    def handle(self, *args: Any, **options: Any) -> None:
        save(
            self,
            options,
            lambda by, at: export_ledger(
                span_of(options), lines=Lines(options["lines"]), by=by, at=at, bounded=False
            ),
        )
