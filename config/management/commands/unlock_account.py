"""`manage.py unlock_account USERNAME --reason WHY`: for when no administrator can get in."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory import accounts, audit
from inventory.models import Surface


class Command(BaseCommand):
    help = "Let an account that was locked after failed attempts try again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="Kept in the audit trail.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']}.")
        by = audit.system(Surface.COMMAND)
        try:
            accounts.unlock(user, reason=options["reason"], by=by, at=timezone.now())
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write(f"{user} may try again.")
