"""`manage.py seal_records`: seal now what the clock would seal next, all of it."""

from typing import Any

from django.core.management.base import BaseCommand

from inventory.models import Seal
from inventory.seals.sealing import seal


class Command(BaseCommand):
    help = "Seals whatever has been recorded and is not sealed yet, and names the newest seal."

    def handle(self, *args: Any, **options: Any) -> None:
        made = seal()
        newest = Seal.objects.newest()
        self.stdout.write(f"{sum(one.count for one in made)} records under {len(made)} new seals.")
        self.stdout.write(f"Newest seal: {newest.published_as if newest else 'none'}")
