"""Fixtures for all tests, and which tests this machine can run."""

import gc
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import hypothesis
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations
from django.db.backends.sqlite3.base import DatabaseOperations
from hypothesis import HealthCheck
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.plugin import blocking_manager_key

from config import roles
from integration import basics as integration_basics
from inventory import basics as inventory_basics
from quality import basics as quality_basics
from staging import basics as staging_basics
from staging.models import AlertRule
from tests.databases import has_server, why_not_on_sqlite
from tests.standing import built_once, commits, standing

# Playwright's synchronous interface keeps an event loop in the main thread, and Django would
# take the tests' own database access for a mistake.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# A run of the suite draws the same examples as the one before, however slow the machine is. To look
# further, with others each time: `--hypothesis-profile=deep`.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.register_profile(
    "deep",
    deadline=None,
    max_examples=300,
    stateful_step_count=80,
    suppress_health_check=[
        HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much
    ],
)  # fmt: skip
hypothesis.settings.load_profile("suite")

# A page gives up what it asks for after ten seconds, and keeps a scan for later: not on a machine
# that was only busy for so long.
PATIENT = """
document.addEventListener("htmx:beforeSend", ({ detail }) => { detail.xhr.timeout = 60_000; });
"""

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record-examples",
        action="store_true",
        help="take the problems that this run meets as examples of docs/problems",
    )


@pytest.fixture(scope="session", autouse=True)
def _recorder(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Only when examples are recorded."""
    if not request.config.getoption("--record-examples"):
        yield None
        return
    from tests.contract.recording import Recorder

    recorder = Recorder()
    with recorder.listening():
        yield recorder
    print("\nRecorded examples of:", *recorder.write())


@pytest.fixture(autouse=True)
def _record_after(_recorder: Any) -> Iterator[None]:
    yield
    if _recorder:
        _recorder.after_a_test()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, by name, what needs a server or a browser that this run does not have."""
    reasons = missing()
    is_sqlite = os.environ.get("FORESTAGE_TEST_DATABASE") == "sqlite"
    for item in items:
        if is_sqlite and (why := why_not_on_sqlite(item)):
            item.add_marker(pytest.mark.skip(reason=why))
        for marker, reason in reasons.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
    # First what waits most, for servers of its own: others work meanwhile. And what comes first is
    # not taken over by another process, which would have to start those servers again.
    items.sort(key=lambda item: not has_server(item))


def pytest_collection_finish() -> None:
    """What stands there by now (Django, and thousands of tests) stays: the garbage collector need
    not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def missing() -> dict[str, str]:
    """The markers that cannot be served, each with the reason."""
    reasons = {}
    if os.environ.get("FORESTAGE_TEST_DATABASE") == "sqlite":
        reasons["browser"] = "browser tests run with PostgreSQL, not in the run on SQLite"
    elif not os.environ.get("FORESTAGE_CHROMIUM"):
        reasons["browser"] = "needs a browser: python3 manage.py test"
    if not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        reasons["postgres"] = "needs PostgreSQL: this run is on SQLite"
    if not settings.REDIS_URL:
        reasons["redis"] = "needs Redis: python3 manage.py test"
    return reasons


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A Redis database that belongs to this test process."""
    return str(settings.REDIS_URL)


@pytest.fixture(scope="session")
def chromium(django_db_blocker: DjangoDbBlocker) -> Iterator[Browser]:
    """The machine's own browser, started once.

    While Playwright's loop runs, Django has another connection than before and after. Whatever
    stands in that one is left before it is out of sight.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["FORESTAGE_CHROMIUM"], args=CHROMIUM_ARGUMENTS
        )
        yield browser
        browser.close()
        with django_db_blocker.unblock():
            standing.leave()
            connection.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a fresh browser profile, on the screen that a workstation has.

    Without the service worker, which would fetch its files for each; tests/browser/test_offline.py
    has pages with it.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, service_workers="block")
    context.set_default_timeout(60_000)
    context.add_init_script(PATIENT)
    yield context.new_page()
    context.close()


@pytest.fixture
def nothing_shared() -> Iterator[None]:
    """The cache is empty: on SQLite the keys of a test come again in the next one."""
    from django.core.cache import cache

    cache.clear()
    yield
    cache.clear()


@built_once
def plant() -> Any:
    """A small plant to work in: `tests.plant.Plant`."""
    from tests.plant import Plant  # models can be imported only once Django is set up

    return Plant()


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None, django_db_keepdb: bool) -> bool:
    """On SQLite, a migrated database is put where the tests' own will be looked for. (PostgreSQL
    makes it from a template.) The migrations look at it once more, and have nothing to do."""
    if connection.vendor != "sqlite" or not settings.MIGRATED:
        return django_db_keepdb
    shutil.copyfile(settings.MIGRATED, settings.DATABASES["default"]["TEST"]["NAME"])
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database; what stands in it at the end is left before it goes."""
    standing.has_database = True
    yield
    with django_db_blocker.unblock():
        standing.leave()


ALERT_RULES: list[AlertRule] = []
"""The general ones, as a migration wrote them."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before its fixtures are set up, what the test begins with stands, or nothing does."""
    with item.config.stash[blocking_manager_key].unblock():
        standing.prepare(item)
        if standing.has_database and not ALERT_RULES:
            ALERT_RULES.extend(AlertRule.objects.filter(site=None))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A test that commits has its tables emptied at the end, the basics included: put them back.

    The migrations wrote them; whatever test comes next in this process finds them again. After
    the last one the database itself is gone.
    """
    if commits(item) and standing.has_database and not ALERT_RULES:  # the first test of all
        with item.config.stash[blocking_manager_key].unblock():
            ALERT_RULES.extend(AlertRule.objects.filter(site=None))
        for rule in ALERT_RULES:
            rule.enabled = True
    yield
    if nextitem is None:
        return
    if commits(item) and standing.has_database:  # it has none if all so far were skipped
        with item.config.stash[blocking_manager_key].unblock():
            inventory_basics.install(apps)
            quality_basics.install(apps)
            staging_basics.install(apps)
            AlertRule.objects.bulk_create(ALERT_RULES, ignore_conflicts=True)
            roles.install(apps)  # whose permissions came back as the tables were emptied
            integration_basics.install(apps)
            connection.close()


@pytest.fixture(autouse=True)
def _commits_where_served(request: pytest.FixtureRequest) -> None:
    """What a live server is to show must be committed."""
    if "live_server" in request.fixturenames:
        request.getfixturevalue("transactional_db")


@pytest.fixture(scope="session", autouse=True)
def _flush_by_deleting() -> None:
    """Between tests that commit, PostgreSQL is to truncate a hundred tables, and makes new files
    for each and its indexes. To delete what little stands in them takes a tenth of that. Only a
    superuser may pass the triggers by, so on a server that was given it is left as it is."""
    if connection.vendor != "postgresql" or not settings.MIGRATED:
        return

    def by_deleting(
        self: PostgresOperations, style: Any, tables: Sequence[str], **_options: Any
    ) -> list[str]:
        delete = [f"DELETE FROM {self.quote_name(table)}" for table in tables]  # noqa: S608
        return ["SET LOCAL session_replication_role = replica", *delete]

    PostgresOperations.sql_flush = by_deleting  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def _flush_past_the_triggers() -> None:
    """Between tests that commit, tables are emptied. SQLite's triggers would refuse even that,
    so they are dropped before and put back after."""
    ordinary = DatabaseOperations.execute_sql_flush

    def past_triggers(self: DatabaseOperations, sql_list: list[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _sql in triggers:
                cursor.execute(f'DROP TRIGGER "{name}"')
            ordinary(self, sql_list)
            for _name, sql in triggers:
                cursor.execute(sql)

    DatabaseOperations.execute_sql_flush = past_triggers  # type: ignore[method-assign]
