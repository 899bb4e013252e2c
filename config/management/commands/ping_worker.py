"""Send a task to the workers and wait until one of them has run it."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.models import PING, TaskRun
from config.tasks import ping
from inventory.background import CLOCK, QUEUES


class Command(BaseCommand):
    """Exit code 0 says that a worker takes tasks from the broker and reaches the database."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queue", choices=QUEUES, default=CLOCK, help="whose worker to ask")
        parser.add_argument("--timeout", type=float, default=20, help="seconds to wait")

    def handle(self, *args: Any, queue: str, timeout: float, **options: Any) -> None:
        sent_at = timezone.now()
        ping.apply_async(queue=queue)
        deadline = time.monotonic() + timeout
        answered = TaskRun.objects.filter(
            name=PING, last_finished_at__gte=sent_at, last_outcome="SUCCESS"
        )
        while not answered.exists():
            if time.monotonic() > deadline:
                raise CommandError(
                    f"no worker of the queue {queue} ran the task within {timeout:g} seconds"
                )
            time.sleep(0.1)
        seconds = (timezone.now() - sent_at).total_seconds()
        self.stdout.write(f"ran a task {seconds:.1f} seconds after it was sent")
