"""`manage.py grants ROLE | psql`: what the application's role may do in PostgreSQL."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from inventory.seals.grants import statements


class Command(BaseCommand):
    help = (
        "Prints the SQL that lets the application's role work and keeps it from rewriting "
        "history. Run it as the owner of the tables, after every migrate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="the role that the application connects as")

    def handle(self, *args: Any, **options: Any) -> None:
        for statement in statements(options["role"]):
            self.stdout.write(f"{statement};")
