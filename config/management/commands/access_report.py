"""`manage.py access_report [accounts|roles|clients] [--format csv|json]`: for the review."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from config import access_report
from inventory import audit
from inventory.models import Surface
from inventory.sheets.csv import csv_line

REPORTS: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
    "accounts": access_report.accounts,
    "roles": access_report.matrix,
    "clients": access_report.clients,
}


class Command(BaseCommand):
    help = (
        "Prints all accounts with their roles, last sign-in and factors, what each role may do, or "
        "the tokens of external systems with scopes and sites; with who granted it and when. "
        "That it was printed is recorded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("report", nargs="?", choices=REPORTS, default="accounts")
        parser.add_argument("--format", choices=("csv", "json"), default="csv")

    def handle(self, *args: Any, report: str, **options: Any) -> None:
        rows = list(REPORTS[report]())
        text = json.dumps(rows, indent=2) + "\n" if options["format"] == "json" else _csv(rows)
        facts = {
            "report": f"access: {report}",
            "rows": len(rows),
            "sha256": sha256(text.encode()).hexdigest(),
        }
        by = audit.system(Surface.COMMAND)
        audit.record("audit.exported", stamp=audit.stamp(by, timezone.now()), facts=facts)
        self.stdout.write(text, ending="")


def _csv(rows: list[dict[str, Any]]) -> str:
    """The rows under a heading; what is a list stands in one cell."""
    lines = [
        list(rows[0]) if rows else [],
        *([_cell(cell) for cell in row.values()] for row in rows),
    ]
    return "".join(csv_line(line) for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_cell(part) for part in value)
    if isinstance(value, dict):
        by = f" (by {value['granted_by']}, {value['granted_at']})" if value["granted_by"] else ""
        return f"{value['name']}{by}"
    return str(value).lower() if isinstance(value, bool) else str(value)
