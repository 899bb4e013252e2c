"""`manage.py verify_audit`: compare all history with its seals; exit 1 on any difference."""

import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory import audit
from inventory.models import Surface
from inventory.seals.verifying import RECORDED, Report, verify

MOST_KEPT = 20
"""Findings that the audit trail names; the rest is counted."""


def published(text: str) -> tuple[int, str]:
    """A seal as it was sent out: `1234:9f86…`."""
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip().lower())
    if not found:
        raise ArgumentTypeError("write NUMBER:HASH, as in the message that was sent out")
    return int(found[1]), found[2]


def number(text: str) -> int:
    """The number of a seal."""
    if not re.fullmatch(r"[1-9]\d{0,17}", text):
        raise ArgumentTypeError("write the number of a seal, from 1 on")
    return int(text)


class Command(BaseCommand):
    help = (
        "Compares every sealed record with its seal, and names what was altered, removed, "
        "inserted or reordered. Exits 1 if anything was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="start", type=number, default=1, metavar="NUMBER",
                            help="the first seal to look at")  # fmt: skip
        parser.add_argument("--to", dest="end", type=number, metavar="NUMBER",
                            help="the last seal to look at")  # fmt: skip
        parser.add_argument("--published", type=published, action="append", default=[],
                            metavar="NUMBER:HASH",
                            help="a seal that was sent out, which must still stand")  # fmt: skip
        parser.add_argument("--backlog", type=int, default=60, metavar="MINUTES",
                            help="how long a record may wait to be sealed (60)")  # fmt: skip
        parser.add_argument("--json", action="store_true", help="answer as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        start, end, sent = options["start"], options["end"], dict(options["published"])
        if end is not None and end < start:
            raise CommandError("--to lies before --from.", returncode=2)
        if any(one < start or (end is not None and one > end) for one in sent):
            raise CommandError("A published seal lies outside --from and --to.", returncode=2)
        backlog = timedelta(minutes=options["backlog"])
        report = verify(start=start, end=end, published=sent, backlog=backlog)
        self._record(report, start, end)
        if options["json"]:
            self.stdout.write(json.dumps(report.plain(), indent=2))
        else:
            self._tell(report)
        if not report.sound:
            more = " It stopped there." if report.cut_short else ""
            raise CommandError(f"{len(report.findings)} findings.{more}", returncode=1)

    def _tell(self, report: Report) -> None:
        for finding in report.findings:
            self.stdout.write(self.style.ERROR(str(finding)))
        counts = f"{report.rows} records under {report.seals} seals"
        if report.sound:
            self.stdout.write(self.style.SUCCESS(f"Nothing was changed: {counts}."))
            self.stdout.write(f"Newest seal: {report.newest or 'none'}")
        else:
            self.stdout.write(f"Looked at {counts}.")

    def _record(self, report: Report, start: int, end: int | None) -> None:
        facts = report.plain() | {"from": start, "to": end, "found": len(report.findings)}
        facts["findings"] = [str(finding) for finding in report.findings[:MOST_KEPT]]
        stamp = audit.stamp(audit.system(Surface.COMMAND), timezone.now())
        audit.record(RECORDED, stamp=stamp, facts=facts)
