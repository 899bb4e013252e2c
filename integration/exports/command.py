"""What the export commands share: the range, and where the file goes."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from integration.exports.span import Span
from inventory import audit
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Surface


def add_span(parser: CommandParser) -> None:
    parser.add_argument("file", type=Path, help="where to write it; must not exist")
    parser.add_argument("--from-number", type=int, help="the first movement")
    parser.add_argument("--to-number", type=int, help="the last movement")
    parser.add_argument("--recorded-from", type=moment, help="a day or a moment, in ISO notation")
    parser.add_argument("--recorded-before", type=moment)
    parser.add_argument(
        "--user",
        default=audit.SYSTEM_USERNAME,
        help="who exports, as the audit trail will name them (%(default)s)",
    )


def moment(text: str) -> datetime:
    """A day's beginning, or a moment; without an offset by the installation's clock."""
    found = parse_datetime(text)
    if found is None and (day := parse_date(text)):
        found = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    if found is None:
        raise ValueError(text)
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def span_of(options: dict[str, Any]) -> Span:
    names = ("from_number", "to_number", "recorded_from", "recorded_before")
    return Span(**{name: options[name] for name in names})


def save(
    command: BaseCommand,
    options: dict[str, Any],
    export: Callable[[Actor, datetime], tuple[str, Iterator[bytes]]],
) -> None:
    """Write the export to the file that was named. Raises CommandError."""
    try:
        user = User.objects.get(username=options["user"])
        _name, content = export(Actor(user, Surface.COMMAND), timezone.now())
        with options["file"].open("xb") as file:
            size = sum(file.write(piece) for piece in content)
    except User.DoesNotExist as error:
        raise CommandError(f"Nobody is called {options['user']}.") from error
    except Refused as refusal:
        raise CommandError(f"{refusal.text} {refusal.hint}") from refusal
    except OSError as error:
        raise CommandError(f"The file cannot be written: {error}") from error
    command.stdout.write(f"{options['file']}: {size} bytes")
