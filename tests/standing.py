"""What many tests begin with is built once, and stands in a transaction around them.

    @built_once
    def plant() -> Plant: ...

is a fixture. The first test that asks for it opens a transaction and builds; each test then works
in a savepoint, which is rolled back, and gets a copy of what was built. What is built upon another
names it as its parameter, and stands in a savepoint upon it. A test that does not ask, or that
commits, finds nothing standing: it was rolled back before. So it is when the hour ends, because
days are counted from midnight at a site.
"""

import inspect
import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction


class Plan(NamedTuple):
    """How something is built, and upon what."""

    build: Callable[..., Any]
    needs: list[str]


plans: dict[str, Plan] = {}
"""By module and name of the fixture, each after those that it needs."""


def built_once(build: Callable[..., Any]) -> Any:
    """A fixture that gives each test a copy of what `build` made, in the database as it made it.

    `build` may use other fixtures of this kind, from its module or from conftest, and none else.
    """
    names = list(inspect.signature(build).parameters)
    key = f"{build.__module__}.{build.__name__}"
    plans[key] = Plan(build, [_key_of(name, build.__module__) for name in names])

    def fixture(db: None, request: pytest.FixtureRequest) -> Any:
        below = [request.getfixturevalue(name) for name in names]
        copy = standing.copy_for(request.node)
        return copy[key] if key in copy else build(*below)

    fixture.__doc__ = build.__doc__
    fixture.key = key  # type: ignore[attr-defined]
    return pytest.fixture(fixture, name=build.__name__)


def _key_of(name: str, module: str) -> str:
    """The plan that a name means in a module."""
    found = [key for key in plans if key.rpartition(".")[2] == name]
    nearest = [key for key in found if key.rpartition(".")[0] == module] or found
    assert len(nearest) == 1, f"{name}, in {module}: {found} are built once"
    return nearest[0]


def _keys_of(item: pytest.Item) -> set[str]:
    """The plans that a test asks for. Another fixture may have the same name."""
    information = getattr(item, "_fixtureinfo", None)  # pytest tells it nowhere else
    known = information.name2fixturedefs if information else {}
    asked = [known[name][-1].func for name in getattr(item, "fixturenames", ()) if name in known]
    return {func.key for func in asked if hasattr(func, "key")}


class Layer(NamedTuple):
    """A savepoint, and what has been built up to it."""

    key: str
    block: transaction.Atomic
    built: dict[str, Any]


class Standing:
    """What stands in the database of this process."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.has_database = False
        self.hour = 0
        self.copy: tuple[Any, dict[str, Any]] = (None, {})

    def prepare(self, item: pytest.Item) -> None:
        """Take down what the test does not ask for, and build what it does."""
        if not uses_database(item):
            return
        wanted = self._wanted(item)
        if not connection.in_atomic_block or connection.needs_rollback:
            self.layers = []  # somebody closed the connection
        if self.hour != (hour := int(time.time() // 3600)):
            self.leave()
            self.hour = hour
        while [layer.key for layer in self.layers] != wanted[: len(self.layers)]:
            self._take_down()
        if self.layers or (self.has_database and not connection.in_atomic_block):
            for key in wanted[len(self.layers) :]:
                self._build(key)

    def _wanted(self, item: pytest.Item) -> list[str]:
        asked = set() if commits(item) else _keys_of(item)
        for key, plan in reversed(plans.items()):
            if key in asked:
                asked.update(plan.needs)
        return [key for key in plans if key in asked]

    def _build(self, key: str) -> None:
        built = deepcopy(self.layers[-1].built) if self.layers else {}
        block = transaction.atomic()
        block.__enter__()
        self.layers.append(Layer(key, block, built))
        build, needs = plans[key]
        try:
            built[key] = build(*(built[need] for need in needs))
        except BaseException:
            self._take_down()
            raise

    def _take_down(self) -> None:
        transaction.set_rollback(True)
        self.layers.pop().block.__exit__(None, None, None)

    def leave(self) -> None:
        """Take everything down."""
        while self.layers:
            self._take_down()

    def copy_for(self, test: Any) -> dict[str, Any]:
        """All that stands, the same copy for all fixtures of a test."""
        if self.copy[0] is not test:
            self.copy = (test, deepcopy(self.layers[-1].built) if self.layers else {})
        return self.copy[1]


def uses_database(item: pytest.Item) -> bool:
    """Whether a test may use the database of this process; any other is refused it."""
    asked = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or "django_db_setup" in asked


def commits(item: pytest.Item) -> bool:
    """Whether a test's work is committed, and its tables emptied after it."""
    marker = item.get_closest_marker("django_db")
    asked = set(getattr(item, "fixturenames", ()))
    return bool(marker and marker.kwargs.get("transaction")) or bool(
        {"transactional_db", "live_server"} & asked
    )


standing = Standing()
