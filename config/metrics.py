"""`/metrics`: the clock, its queues and what waits, in the text format that Prometheus reads.

Everything is read when it is asked for, with a fixed number of statements. Who may ask is a matter
of `FORESTAGE_METRICS_TOKEN` and `FORESTAGE_METRICS_NETWORKS`; without either nobody may.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from ipaddress import ip_address
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, F, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.clock import queues
from config.clock.lateness import MAILS, Clock
from config.models import Kind
from integration.feed import reading
from integration.models import Notice, Parcel, Subscription
from inventory.models import MailState, OutboxRow, OutgoingMail
from inventory.paging import counted
from staging.models import Alert, AlertReason

FORMAT = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[dict[str, str], float]


class Metric(NamedTuple):
    """One family of samples. What cannot be known has none."""

    name: str
    kind: str
    help: str
    samples: Callable[[Clock], Iterable[Sample]]


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The metrics, for whoever may see them."""
    if not (settings.METRICS_TOKEN or settings.METRICS_NETWORKS):
        return HttpResponse("Set FORESTAGE_METRICS_TOKEN or _NETWORKS.\n", FORMAT, status=404)
    if not _comes_from_there(request):
        return HttpResponse("Not from this address.\n", FORMAT, status=403)
    if not _has_token(request):
        head = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse("The token is missing or wrong.\n", FORMAT, status=401, headers=head)
    return HttpResponse("".join(lines(Clock.look(queues.depths()))), FORMAT)


def _comes_from_there(request: HttpRequest) -> bool:
    """By the address of the connection itself: what a proxy forwards can be made up."""
    if not settings.METRICS_NETWORKS:
        return True
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # a socket file has none
        return False
    return any(address in network for network in settings.METRICS_NETWORKS)


def _has_token(request: HttpRequest) -> bool:
    if not settings.METRICS_TOKEN:
        return True
    scheme, _blank, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(given, settings.METRICS_TOKEN)


def lines(clock: Clock) -> Iterator[str]:
    """Each metric with its help, its type and its samples."""
    for metric in METRICS:
        name = f"forestage_{metric.name}"
        yield f"# HELP {name} {metric.help}\n# TYPE {name} {metric.kind}\n"
        for labels, value in metric.samples(clock):
            told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            yield f"{name}{{{told}}} {value:.15g}\n" if told else f"{name} {value:.15g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _age(clock: Clock, at: datetime) -> float:
    return max(0.0, (clock.now - at).total_seconds())


# --- what is measured -----------------------------------------------------------------------------


def _depths(clock: Clock) -> Iterator[Sample]:
    for queue, depth in (clock.depths or {}).items():
        yield {"queue": queue}, depth


def _waits(clock: Clock) -> Iterator[Sample]:
    waiting = clock.waiting_since
    for queue in clock.workers:
        yield {"queue": queue}, _age(clock, waiting[queue]) if queue in waiting else 0


def _workers(clock: Clock) -> Iterator[Sample]:
    for queue, workers in clock.workers.items():
        yield {"queue": queue}, workers


def _success_ages(clock: Clock) -> Iterator[Sample]:
    for state in clock.states:
        if state.run.last_success_at:
            yield {"task": state.entry.name}, _age(clock, state.run.last_success_at)


def _durations(clock: Clock) -> Iterator[Sample]:
    for state in clock.states:
        if state.run.last_seconds is not None:
            yield {"task": state.entry.name}, state.run.last_seconds


def _of_tasks(column: str) -> Callable[[Clock], Iterator[Sample]]:
    def samples(clock: Clock) -> Iterator[Sample]:
        for state in clock.states:
            yield {"task": state.entry.name}, getattr(state.run, column)

    return samples


def _late(clock: Clock) -> Iterator[Sample]:
    for state in clock.states:
        yield {"task": state.entry.name}, int(state.is_late)


def _alerts(_clock: Clock) -> Iterator[Sample]:
    rows = Alert.objects.open().order_by().values_list("reason").annotate(number=Count("pk"))
    found = dict(rows)
    for reason in AlertReason.values:
        yield {"reason": reason}, found.get(reason, 0)


def _outbox(_clock: Clock) -> Iterator[Sample]:
    number, _more = counted(OutboxRow.objects.all())
    yield {}, number


def _backlog(_clock: Clock) -> Iterator[Sample]:
    newest = reading.mark_now().newest
    behind = Subscription.objects.enabled().aggregate(behind=Sum(newest - F("position")))
    yield {}, behind["behind"] or 0


def _parcels(_clock: Clock) -> Iterator[Sample]:
    yield {}, Parcel.objects.waiting().count()


def _webhooks(_clock: Clock) -> Iterator[Sample]:
    failing = Q(disabled_at=None, failing_since__isnull=False)
    found = Subscription.objects.aggregate(
        enabled=Count("pk", filter=Q(disabled_at=None)), failing=Count("pk", filter=failing)
    )
    yield {"state": "enabled"}, found["enabled"]
    yield {"state": "failing"}, found["failing"]
    yield {"state": "given_up"}, Subscription.objects.given_up().count()


def _notices(_clock: Clock) -> Iterator[Sample]:
    number, _more = counted(Notice.objects.wanting_mail())
    yield {}, number


def _mails(_clock: Clock) -> Iterator[Sample]:
    for model in MAILS:
        counts = model.objects.filter(state__in=OutgoingMail.AGAIN).aggregate(
            waiting=Count("pk", filter=Q(state=MailState.WAITING)),
            failing=Count("pk", filter=Q(state=MailState.WAITING) & ~Q(error="")),
            given_up=Count("pk", filter=Q(state=MailState.GIVEN_UP)),
        )
        for state, number in counts.items():
            yield {"kind": model._meta.model_name or "", "state": state}, number


def _problems(clock: Clock) -> Iterator[Sample]:
    for trouble in clock.troubles():
        yield {"code": trouble.code, "about": trouble.about}, 1


METRICS = (
    Metric("beats", "gauge", "Beats that gave a sign of life of late.",
           lambda clock: [({}, len(clock.alive(Kind.BEAT)))]),
    Metric("workers", "gauge", "Living workers that take the queue.", _workers),
    Metric("queue_messages", "gauge", "Messages that wait in the queue.", _depths),
    Metric("queue_wait_seconds", "gauge",
           "How long a task of the schedule has waited in the queue.", _waits),
    Metric("task_last_success_age_seconds", "gauge",
           "Seconds since the task last succeeded.", _success_ages),
    Metric("task_last_duration_seconds", "gauge", "How long its last run took.", _durations),
    Metric("task_duration_seconds_total", "counter",
           "How long all its runs took.", _of_tasks("seconds")),
    Metric("task_runs_total", "counter", "Runs that have ended.", _of_tasks("runs")),
    Metric("task_failures_total", "counter",
           "Runs that failed or were broken off.", _of_tasks("failures")),
    Metric("task_skips_total", "counter",
           "Messages that came while another run was under way.", _of_tasks("skips")),
    Metric("task_late", "gauge", "Whether a run is due that nobody has begun.", _late),
    Metric("open_alerts", "gauge", "Open alerts by reason.", _alerts),
    Metric("outbox_rows", "gauge",
           "What has happened and has no place in the feed yet, as far as it is counted.", _outbox),
    Metric("webhook_backlog_events", "gauge",
           "Events of the feed between webhooks and its end, of all together.", _backlog),
    Metric("webhook_parcels", "gauge", "Tests and replays that wait to be sent.", _parcels),
    Metric("webhooks", "gauge", "Webhooks by state.", _webhooks),
    Metric("notices_to_mail", "gauge",
           "Notifications whose e-mail is not due yet, as far as they are counted.", _notices),
    Metric("mails", "gauge", "E-mails that were not sent, by kind and state.", _mails),
    Metric("problem", "gauge", "What /health/clock names as wrong.", _problems),
)  # fmt: skip
