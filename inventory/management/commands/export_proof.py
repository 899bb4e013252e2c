"""`manage.py export_proof movement 17`: the proof that a record is what was sealed."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inventory.errors import Refused
from inventory.seals.proof import proof
from inventory.seals.registry import SEALED


class Command(BaseCommand):
    help = "Writes the proof that a record is what was sealed; static/check_proof.py checks it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = sorted(table.rpartition(".")[2] for table in SEALED)
        parser.add_argument("kind", choices=kinds, help="kind of record")
        parser.add_argument("number", type=int, help="number of the record")
        parser.add_argument("--to", type=int, metavar="NUMBER", help="the seal that it leads to")

    def handle(self, *args: Any, **options: Any) -> None:
        [kind] = [one for one in SEALED.values() if one.model._meta.model_name == options["kind"]]
        row = kind.model._default_manager.filter(pk=options["number"]).first()
        if row is None:
            raise CommandError(f"There is no {options['kind']} {options['number']}.")
        try:
            self.stdout.write(json.dumps(proof(row, to=options["to"]), indent=1))
        except Refused as refusal:
            raise CommandError(f"{refusal.text} {refusal.hint}") from refusal
