"""A plant of an older version is brought up with its data, on the database of this run.

The suite's own database is migrated while it is empty. Here rows stand in the tables that later
migrations rewrite: PostgreSQL alters no table of which rows still wait to be checked, and a new
constraint holds for what was there before. A migration that rewrites rows of others has some put
there by `fill`, or at a stop of its own.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

from config.bootstrap import prepared, services
from integration.models import ApiToken, FeedPosition
from inventory.audit import Actor
from inventory.models import Surface
from quality import occasions
from staging.alerting import clock
from staging.alerting.life import replay
from staging.models import Alert, AlertRule, AlertStep, DwellChange, ReportMail
from tests.standing import standing

State = list[tuple[str, str]]
Models = Callable[[str, str], Any]

OLDER: State = [prepared.SO_FAR, ("integration", "0003_webhooks")]
WITHOUT_REASONS: State = [("staging", "0019_dwell_by_program"), ("integration", "0009_notices")]
"""There are such plants: their alerts had lives before they had the reasons of staging 0014."""

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DIVIDED = {
    "": "not_usable",
    "lot_on_hold": "lot_on_hold",
    "lot_rejected": "lot_rejected",
    "lot_expired": "lot_expired",
    "lot_retest_due": "retest_due",
    "shelf_life_short": "shelf_life_short",
}
CAUSES = [("dwell_exceeded", ""), ("next_step_overdue", ""), *(("not_usable", s) for s in DIVIDED)]


def test_a_plant_is_brought_up_with_its_data(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> None:
    with django_db_blocker.unblock(), older_database(tmp_path):
        leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
        migrate((OLDER, fill), (WITHOUT_REASONS, add_reports), (leaves, None))
        alerts_have_lives()
        the_feed_finds_their_steps()
        reports_are_mail()
        assert ApiToken.objects.filter(client__user__username="anna").count() == 2
        assert DwellChange.objects.exists(), "what stands is to be counted"
        by = Actor(User.objects.get(username="anna"), Surface.COMMAND)
        assert clock.sweep(by=by, at=NOW + 8 * HOUR, thorough=True)["closed"]


@contextmanager
def older_database(scratch: Path) -> Iterator[None]:
    """Lead the default connection, to which migrations keep, to one of its own."""
    standing.leave()
    usual = connection.settings_dict["NAME"]
    with _copied(scratch, f"{usual}_older") as name:
        _lead_to(name)
        try:
            yield
        finally:
            _lead_to(usual)


@contextmanager
def _copied(scratch: Path, name: str) -> Iterator[str]:
    if connection.vendor == "sqlite":
        prepared.older_sqlite(scratch / "older.sqlite3")
        yield str(scratch / "older.sqlite3")
        return
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as link:
        asked = link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [prepared.OLDER])
        template = prepared.OLDER if asked.fetchone() else "template1"  # a server of the reader's
        services.create_database(f"{server}/postgres", name, template=template)
        yield name
        link.execute(psycopg.sql.SQL("DROP DATABASE {}").format(psycopg.sql.Identifier(name)))


def _lead_to(name: str) -> None:
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()
    connection.settings_dict["NAME"] = name
    ContentType.objects.clear_cache()


def migrate(*stops: tuple[State, Callable[[Models], None] | None]) -> None:
    """From stop to stop, each with rows for tables as they are there. What the models were is kept
    from one to the next: to work that out takes longer than the SQL."""
    occasions.give_way("default")  # as the command does, before and after
    state, executor = None, MigrationExecutor(connection)
    for targets, put in stops:
        executor.loader.build_graph()
        state = executor.migrate(targets, state=state)
        if put:
            state.__dict__.pop("apps", None)  # some of its models know others as they were before
            put(state.apps.get_model)
    occasions.ensure("default")


# --- what the plant had -------------------------------------------------------------------------


def fill(model: Models) -> None:
    """A lane with a position for each alert that it had: open, acknowledged, and closed."""
    user = model("auth", "User").objects.create(username="anna")
    site = model("inventory", "Site").objects.create(code="OLD", name="Old")
    place = {"site": site, "kind": "staging", "purpose": "kitting", "path": "/L/"}
    lane = model("inventory", "Location").objects.create(code="L", name="Lane", **place)
    unit = model("inventory", "Unit").objects.first()
    kind = {"kind": "raw", "base_unit": unit}
    material = model("inventory", "Material").objects.create(code="M", name="M", **kind)
    numbers = {"number": "1", "code": "M/1", "created_at": NOW}
    lot = model("inventory", "Lot").objects.create(material=material, **numbers)
    demand = model("staging", "Demand").objects.create(
        kind="production", reference="D", needed_at=NOW, created_at=NOW, site=site
    )
    for number, cause in enumerate(CAUSES):
        for way in range(3):
            line = model("staging", "Requirement").objects.create(
                demand=demand, line=3 * number + way, quantity=5, material=material
            )
            position = model("staging", "Commitment").objects.create(
                requirement=line, state="staged", lot=lot, location=lane, quantity=5, since=NOW
            )
            _raise(model, cause, position, user, way)
    for name in ("mes", "erp"):
        model("integration", "ApiToken").objects.create(
            user=user, name=name, digest=name, created_at=NOW
        )


def _raise(model: Models, cause: tuple[str, str], position: Any, user: Any, way: int) -> None:
    reason, stop = cause
    life: dict[str, Any] = {"raised_at": NOW}
    if way:
        life |= {"acknowledged_at": NOW + HOUR, "acknowledged_by": user, "acknowledge_reason": "ok"}
    if way == 2:
        life |= {"closed_at": NOW + 2 * HOUR}
    about = {"commitment": position, "location": position.location, "lot": position.lot}
    alert = model("staging", "Alert").objects.create(reason=reason, detail=stop, **about, **life)
    _tell(model, "alert.raised", alert.pk)
    if way:
        entry = model("inventory", "AuditEntry").objects.create(
            action="staging.acknowledge", subject_type="staging.alert", subject_id=str(alert.pk),
            surface="page", reason="ok", batch=uuid4(), actor=user,
            occurred_at=NOW + HOUR, recorded_at=NOW + HOUR,
        )  # fmt: skip
        _tell(model, "alert.acknowledged", entry.pk)


def _tell(model: Models, name: str, key: int) -> None:
    told = model("integration", "FeedPosition").objects
    told.create(position=told.count() + 1, type=name, key=key, numbered_at=NOW)


def add_reports(model: Models) -> None:
    """Weekly reports as each was: waiting, failed, sent, given up, and broken off."""
    user = model("auth", "User").objects.get(username="anna")
    ways = [(None, None, None, 0), (NOW, NOW, None, 1), (NOW, None, NOW, 1), (NOW, NOW, None, 8)]
    for n, (claimed_at, failed_at, sent_at, attempts) in enumerate([*ways, (NOW, None, None, 1)]):
        model("staging", "ReportMail").objects.create(
            user=user, week=date(2026, 1, 5) + n * timedelta(weeks=1), address="anna@example.com",
            due_at=NOW, claimed_at=claimed_at, failed_at=failed_at, sent_at=sent_at,
            attempts=attempts,
        )  # fmt: skip


# --- what is there now --------------------------------------------------------------------------


def alerts_have_lives() -> None:
    severities = dict(AlertRule.objects.filter(site=None).values_list("reason", "severity"))
    alerts = Alert.objects.order_by("pk")
    assert len(alerts) == 3 * len(CAUSES)
    for n, alert in enumerate(alerts):
        was, stop = CAUSES[n // 3]
        now = DIVIDED[stop] if was == "not_usable" else was.replace("exceeded", "critical")
        assert (alert.reason, alert.severity) == (now, severities[now])
        assert alert.site.code == "OLD"
        assert alert.closed_at is None or alert.escalates_at is None
        *_, (_step, life) = replay(AlertStep.objects.filter(alert=alert).order_by("pk"))
        assert life.raised_at == alert.raised_at
        assert life.acknowledged_at == alert.acknowledged_at
        assert life.closed_at == alert.closed_at


def the_feed_finds_their_steps() -> None:
    told = FeedPosition.objects.filter(type__startswith="alert.").order_by("position")
    assert len(told) == len(CAUSES) * (3 + 2)
    for position in told:
        assert AlertStep.objects.get(pk=position.key).kind == position.type.removeprefix("alert.")
    assert len({position.key for position in told}) == len(told)


def reports_are_mail() -> None:
    states = ReportMail.objects.order_by("week").values_list("state", flat=True)
    assert list(states) == ["waiting", "waiting", "sent", "given_up", "given_up"]
