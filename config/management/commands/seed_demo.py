"""Fill an empty installation with the demo's accounts and plant."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from config import demo_plant
from config.demo_plant.people import token_path


class Command(BaseCommand):
    """Running it again adds what is missing of accounts and token, and leaves the plant alone."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        if demo_plant.build(timezone.now()):
            self.stdout.write("The demo plant has been set up.")
        self.stdout.write(f"The integrator's API token is in {token_path()}")
