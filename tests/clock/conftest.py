"""A Redis of our own, to be restarted, and real workers, to be killed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from config.bootstrap import services
from config.bootstrap.environment import ROOT
from config.bootstrap.servers import Server
from config.models import Process


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with services.redis(durable=True) as server:
        yield server


@pytest.fixture
def broker(redis: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The Redis, empty, to which this process sends as well."""
    from redis import Redis

    from config.celery import app

    monkeypatch.setattr(app.conf, "broker_write_url", redis.url)
    with Redis.from_url(redis.url) as client:
        for key in ("clock", "notify", "integration", "unacked", "unacked_index"):
            client.delete(key)
        yield client


def environment(**more: str) -> dict[str, str]:
    """That of a worker on the tests' own database."""
    there = settings.DATABASES["default"]
    host = f"{there['USER']}@{there['HOST']}:{there['PORT']}"
    return os.environ | {
        "DATABASE_URL": f"postgres://{host}/{connection.settings_dict['NAME']}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FORESTAGE_STOP_SECONDS": "2",
        "FORESTAGE_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "PYTHONWARNINGS": "ignore",
    } | more  # fmt: skip


def worker_of(redis: Server, folder: Path, queues: str, *options: str) -> Server:
    """A worker, not started yet, that shows itself in the database when it is ready."""
    name = queues.replace(",", "-")
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "--queues", queues]
    quiet = ["--without-gossip", "--without-mingle", "--concurrency=2", f"--hostname={name}@test"]
    return Server(
        [*command, *quiet, *options],
        log=folder / f"{name}.log",
        is_ready=lambda pid: Process.objects.filter(pid=pid).exists(),
        env=environment(REDIS_URL=redis.url),
        cwd=ROOT,
    )


@pytest.fixture(scope="module")
def clock_worker(redis: Server, tmp_path_factory: Any) -> Iterator[Server]:
    """The worker of the queue `clock`, started by the first test that needs it."""
    server = worker_of(redis, tmp_path_factory.mktemp("worker"), "clock")
    yield server
    server.stop()


@pytest.fixture
def worker(clock_worker: Server, broker: Any, transactional_db: None) -> Server:
    if not clock_worker.pid:
        clock_worker.start()
    return clock_worker


@contextmanager
def held(statement: str, *values: Any) -> Iterator[None]:
    """Hold the rows of a statement, so that a task stands still in its transaction."""
    there = connection.get_connection_params()
    where = {key: there[key] for key in ("dbname", "host", "port", "user")}
    with psycopg.connect(**where) as link:
        link.execute(statement, values)
        yield
