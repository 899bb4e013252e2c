"""What many tests begin with is built once, and stands in a transaction around them.

    @built_once
    def plant() -> Plant: ...

is a fixture. The first test that asks for it opens a transaction and builds; each test then works in
a savepoint, which is rolled back, and gets a copy of what was built. What is built upon another
names it as its parameter, and stands in a savepoint upon it. A test that does not ask, or that
commits, finds nothing standing: it was rolled back before.
"""

import inspect
from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction

Build = Callable[..., Any]

builds: dict[str, Build] = {}
"""By the fixture's name, what is built upon after what it is built upon."""


def built_once(build: Build) -> Any:
    """A fixture that gives each test a copy of what `build` made, in the database as it made it.

    Its name is its own: no other fixture may hide it. `build` may use other fixtures of this kind,
    and none else.
    """
    name = build.__name__
    assert name not in builds, f"two fixtures are called {name}"
    needs = list(inspect.signature(build).parameters)
    assert set(needs) <= set(builds), f"{name} is built upon what is not built once"
    builds[name] = build

    def fixture(db: None, request: pytest.FixtureRequest) -> Any:
        below = [request.getfixturevalue(need) for need in needs]
        copy = standing.copy_for(request.node)
        return copy[name] if name in copy else build(*below)

    fixture.__doc__ = build.__doc__
    return pytest.fixture(fixture, name=name)


class Layer(NamedTuple):
    """A savepoint, and what has been built up to it."""

    name: str
    block: transaction.Atomic
    built: dict[str, Any]


class Standing:
    """What stands in the database of this process."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.has_database = False
        self.copy: tuple[Any, dict[str, Any]] = (None, {})

    def prepare(self, item: pytest.Item) -> None:
        """Take down what the test does not ask for, and build what it does."""
        if not uses_database(item):
            return
        wanted = self._wanted(item)
        if not connection.in_atomic_block or connection.needs_rollback:
            self.layers = []  # somebody closed the connection
        while [layer.name for layer in self.layers] != wanted[: len(self.layers)]:
            self._take_down()
        if self.layers or (self.has_database and not connection.in_atomic_block):
            for name in wanted[len(self.layers) :]:
                self._build(name)

    def _wanted(self, item: pytest.Item) -> list[str]:
        asked: set[str] = set(getattr(item, "fixturenames", ()))
        return [] if commits(item) else [name for name in builds if name in asked]

    def _build(self, name: str) -> None:
        built = deepcopy(self.layers[-1].built) if self.layers else {}
        block = transaction.atomic()
        block.__enter__()
        self.layers.append(Layer(name, block, built))
        build = builds[name]
        try:
            built[name] = build(*(built[need] for need in inspect.signature(build).parameters))
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
