"""`manage.py create_api_token USERNAME --name NAME [--days N]`: a token for an external system."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integration.tokens import issue_token
from inventory import audit
from inventory.models import Surface


class Command(BaseCommand):
    help = "Make an API token for a user and print it: it is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="Which system uses it.")
        parser.add_argument("--days", type=int, help="After how many days it ends; never if left.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']}.")
        now = timezone.now()
        days = options["days"]
        try:
            _token, secret = issue_token(
                user=user,
                name=options["name"],
                expires_at=None if days is None else now + timedelta(days=days),
                by=audit.system(Surface.COMMAND),
                at=now,
            )
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write(secret)
