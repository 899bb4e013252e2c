"""What the import commands share: their options, and how they end."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from integration.imports.run import Job, run
from integration.imports.words import in_lines
from inventory import audit
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Surface


def add_options(parser: CommandParser) -> None:
    parser.add_argument("--commit", action="store_true", help="apply it; else it is a dry run")
    parser.add_argument(
        "--all-or-nothing",
        action="store_true",
        help="roll a file back if any of its rows is refused; else good rows are kept",
    )
    parser.add_argument(
        "--user",
        default=audit.SYSTEM_USERNAME,
        help="who imports, as the audit trail will name them (%(default)s)",
    )


def carry_out(command: BaseCommand, jobs: Callable[[], list[Job]], options: dict[str, Any]) -> None:
    """Run the jobs and print the report.

    Raises CommandError, so that the command ends with 1, when a file could not be used at all or
    was rolled back. Refused rows alone are no failure: they are reported, the rest is kept.
    """
    try:
        reports = run(
            jobs(),
            commit=options["commit"],
            all_or_nothing=options["all_or_nothing"],
            by=Actor(_user(options["user"]), Surface.IMPORT),
            at=timezone.now(),
        )
    except Refused as refusal:
        raise CommandError(f"{refusal.text} {refusal.hint}") from refusal
    for line in in_lines(reports):
        command.stdout.write(line)
    failed = [report.name for report in reports if report.rolled_back or report.unusable]
    if failed:
        raise CommandError(f"nothing was taken from {', '.join(failed)}")
    if not options["commit"]:
        command.stdout.write("\nThis was a dry run; nothing has changed. Apply it with --commit.")


def _user(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"there is no user {username}")
    return user
