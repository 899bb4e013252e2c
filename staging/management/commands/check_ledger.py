"""`manage.py check_ledger`: recompute everything from the ledger; exit 1 on any breach."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from inventory.models import Balance, Movement
from staging import checks


class Command(BaseCommand):
    help = "Recomputes stock from the ledger and checks every invariant. Exits 1 on any breach."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():  # one snapshot on SQLite; run it in a quiet hour elsewhere
            found = checks.breaches()
            counts = f"{Movement.objects.count()} movements, {Balance.objects.count()} balances"
        for breach in found:
            self.stdout.write(self.style.ERROR(breach))
        if found:
            raise CommandError(f"{len(found)} breaches in {counts}.", returncode=1)
        self.stdout.write(self.style.SUCCESS(f"The ledger is sound: {counts}."))
