"""Whether this web process is alive, and whether the product behind it works.

`/health/live` is for the process manager, `/health/ready` for the load balancer, `/health/clock`
for whoever watches over beat and workers. People read any of them.
"""

from functools import cache
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.clock import queues
from config.clock.lateness import Clock


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer, without looking at anything else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Report each part. 503 when pages cannot work; a dead beat, worker or broker only degrades,
    for taking the pages away as well would help nobody."""
    report = examine()
    return JsonResponse(report, status=503 if report["status"] == "down" else 200)


@never_cache
@require_safe
def clock(request: HttpRequest) -> JsonResponse:
    """The same report. 503 as soon as anything in it is wrong."""
    report = examine()
    return JsonResponse(report, status=200 if report["status"] == "ok" else 503)


def examine() -> dict[str, Any]:
    """Look at the database, the broker and the clock."""
    report: dict[str, Any] = {"status": "ok", "database": "ok", "migrations": "applied"}
    depths = queues.depths()
    report["broker"] = "unreachable" if depths is None else "ok"
    report |= {"tasks": {}, "problems": []}
    try:
        if pending_migrations():
            return report | {"status": "down", "migrations": "pending"}
        report |= Clock.look(depths).as_plain()
    except (DatabaseError, InterfaceError):
        return report | {"status": "down", "database": "down", "migrations": "unknown"}
    is_wrong = report["problems"] or depths is None
    return report | {"status": "degraded" if is_wrong else "ok"}


def pending_migrations() -> set[tuple[str, str]]:
    """The newest migrations of this code that the database has not seen."""
    return set(newest_migrations()) - set(MigrationRecorder(connection).applied_migrations())


@cache
def newest_migrations() -> frozenset[tuple[str, str]]:
    """The last migration of each app, read from disk once: a process does not change its code."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())
