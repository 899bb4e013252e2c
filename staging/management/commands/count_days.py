"""Count days of the past, so that the numbers reach back further than the clock makes up for."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory.models import Site
from staging.dwell.calendars import rules_of
from staging.numbers.daily.counting import count_day
from staging.numbers.daily.keeping import days, last_day


class Command(BaseCommand):
    help = (
        "Count the days from --since on, up to yesterday or --until, and keep their numbers. Days "
        "that were counted are counted again; what stood at their end stays as it was kept."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=date.fromisoformat, required=True)
        parser.add_argument("--until", type=date.fromisoformat)
        parser.add_argument("--site", help="The code of a site; without it, all active ones.")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = Site.objects.filter(is_active=True)
        if options["site"]:
            chosen = Site.objects.filter(code=options["site"])
        if not chosen:
            raise CommandError("There is no such site.")
        now = timezone.now()
        for site in chosen:
            rules = rules_of(site)
            last = min(options["until"] or date.max, last_day(rules, now))
            counted = numbers = 0
            for day in days(options["since"], last):
                numbers += count_day(site, day, at=timezone.now(), rules=rules)
                counted += 1
            self.stdout.write(f"{site.code}: {counted} days, {numbers} numbers")
