"""`manage.py create_api_token USERNAME --name NAME [--days N] [--scope S]… [--site CODE]…`: a token
for an external system."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from integration.access import scopes
from integration.access.clients import client_of
from integration.access.tokens import issue_token
from integration.models.access import EVERYTHING, Kind
from inventory import audit, codes
from inventory.models import Site, Surface


class Command(BaseCommand):
    help = (
        "Make an API token for a user and print it: it is shown this once. The client of that name "
        "is set up if there is none."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="Which system uses it.")
        parser.add_argument("--days", type=int, help="After how many days it ends; never if left.")
        parser.add_argument(
            "--scope", action="append", metavar="SCOPE",
            help="What it is for, several times: read, staging.stage, staging.*; all if left.",
        )  # fmt: skip
        parser.add_argument(
            "--site", action="append", default=[], metavar="CODE",
            help="For this site only, several times: all if left.",
        )  # fmt: skip
        parser.add_argument(
            "--oauth", action="store_true",
            help="A client secret instead, after the client ID: for access tokens by OAuth 2.0.",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']}.")
        try:
            self.stdout.write(self._issue(user, timezone.now(), options))
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal

    @transaction.atomic
    def _issue(self, user: User, now: datetime, options: dict[str, Any]) -> str:
        by, days = audit.system(Surface.COMMAND), options["days"]
        token, secret = issue_token(
            client=client_of(user=user, name=options["name"], by=by, at=now),
            kind=Kind.SECRET if options["oauth"] else Kind.TOKEN,
            scopes=scopes.check(options["scope"] or [EVERYTHING]),
            sites=[codes.find_one(Site, code) for code in options["site"]],
            expires_at=None if days is None else now + timedelta(days=days),
            by=by,
            at=now,
        )
        return f"{token.client.client_id} {secret}" if options["oauth"] else secret
