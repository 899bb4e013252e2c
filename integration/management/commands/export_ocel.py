"""`manage.py export_ocel FILE.json`: the flow of material for process mining."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integration.exports.command import add_span, save, span_of
from integration.exports.ocel.choice import FILTERS, Choice
from integration.exports.ocel.making import export_ocel


class Command(BaseCommand):
    help = (
        "Writes movements, decisions and holds with the lots, materials, containers, places and "
        "demands they are about, as an object-centric event log (OCEL 2.0 JSON). That it was "
        "written is recorded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_span(parser)
        for name, text in FILTERS.items():
            parser.add_argument(f"--{name}", default="", help=str(text))

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = {name: options[name] for name in FILTERS}
        save(
            self,
            options,
            lambda by, at: export_ocel(
                Choice(span=span_of(options), **chosen), by=by, at=at, bounded=False
            ),
        )
