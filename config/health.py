"""Whether this web process is alive, and whether the product behind it works.

`/health/live` is for the process manager, `/health/ready` for the load balancer and for people.
"""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from celery.schedules import BaseSchedule, maybe_schedule
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.celery import app
from config.models import TaskRun

LATE_AFTER = timedelta(seconds=60)
"""How far past its time a scheduled task may be before it is called late."""


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer, without looking at anything else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Report each part. 503 when pages cannot work; a silent broker or clock only degrades."""
    report = examine()
    return JsonResponse(report, status=503 if report["status"] == "down" else 200)


def examine() -> dict[str, Any]:
    """Look at the database, the broker and the clock."""
    report: dict[str, Any] = {"status": "ok", "database": "ok", "migrations": "applied"}
    report["broker"] = "ok" if broker_answers() else "unreachable"
    report["tasks"] = {}
    try:
        if pending_migrations():
            return report | {"status": "down", "migrations": "pending"}
        report["tasks"] = scheduled_tasks()
    except (DatabaseError, InterfaceError):
        return report | {"status": "down", "database": "down", "migrations": "unknown"}
    is_late = any(task["late"] for task in report["tasks"].values())
    return report | {"status": "degraded" if is_late or report["broker"] != "ok" else "ok"}


def pending_migrations() -> set[tuple[str, str]]:
    """The newest migrations of this code that the database has not seen."""
    return set(newest_migrations()) - set(MigrationRecorder(connection).applied_migrations())


@cache
def newest_migrations() -> frozenset[tuple[str, str]]:
    """The last migration of each app, read from disk once: a process does not change its code."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def broker_answers() -> bool:
    """Whether a task could be queued now."""
    options = dict(app.conf.broker_transport_options or {})
    if folder := options.get("data_folder_out"):
        return Path(folder).is_dir()
    options |= {"socket_connect_timeout": 1, "socket_timeout": 1}
    try:
        with app.connection_for_write(transport_options=options) as link:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    except Exception:  # every transport raises its own
        return False
    return True


def scheduled_tasks() -> dict[str, dict[str, Any]]:
    """The last run of each entry of beat's schedule."""
    runs = TaskRun.objects.in_bulk(field_name="name")
    return {
        name: describe(entry, runs.get(entry["task"]))
        for name, entry in settings.CELERY_BEAT_SCHEDULE.items()
    }


def describe(entry: dict[str, Any], run: TaskRun | None) -> dict[str, Any]:
    """One scheduled task: when it ran, how that ended, and whether it should have run since."""
    return {
        "task": entry["task"],
        "last_started_at": run and run.last_started_at,
        "last_finished_at": run and run.last_finished_at,
        "last_outcome": run.last_outcome if run else "",
        "late": is_late(entry, run),
    }


def is_late(entry: dict[str, Any], run: TaskRun | None) -> bool:
    """Whether the schedule wanted a run that did not come, since the last or since the start."""
    schedule = cast("BaseSchedule", maybe_schedule(entry["schedule"], app=app))
    since = (run and run.last_started_at) or set_up_at()
    return bool(schedule.remaining_estimate(since) < -LATE_AFTER)


def set_up_at() -> datetime:
    """When this database got its tables: the night of a nightly task may still have to come."""
    applied = MigrationRecorder.Migration.objects.aggregate(first=Min("applied"))
    return cast("datetime", applied["first"])
