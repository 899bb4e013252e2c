"""Whatever the document allows, and whatever it forbids: no server error, no undocumented answer.

schemathesis makes the requests, from the served document: the boundary values first, then what
chance brings. FORESTAGE_SCHEMA_EXAMPLES says how many of each an operation gets (more takes
longer), FORESTAGE_SCHEMA_SEED=random lets each run be another one.
"""

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from io import StringIO
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core import signals
from django.core.management import call_command
from django.db import close_old_connections, reset_queries, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from pytest_django import DjangoDbBlocker
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.config import GenerationConfig, SchemathesisConfig
from schemathesis.schemas import APIOperation

from config.wsgi import application
from integration.problems import pages
from tests.contract.calls import everybody, fill
from tests.contract.openapi import document, operations
from tests.plant import Plant

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FORESTAGE_SCHEMA_EXAMPLES", "3"))
SEED = os.environ.get("FORESTAGE_SCHEMA_SEED", "20260601")
CHANCE = random.SystemRandom().randrange(2**32) if SEED == "random" else int(SEED)
NOT_SAID_BY_A_SCHEMA = {
    "positive_data_acceptance",  # a code of the right form may name nothing
    "ignored_auth",  # tests/api asks each operation without a token, once
    "use_after_free",
    "ensure_resource_availability",  # nothing is deleted, nothing made at an address of its own
}
BOTH = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
HEALTH = list(HealthCheck)


@pytest.fixture(scope="module")
def token(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Of somebody who may do all there is, in a plant that has some of everything."""
    with django_db_blocker.unblock(), transaction.atomic():
        fill(Plant())
        who: User = everybody()
        said = StringIO()
        call_command("create_api_token", who.username, "--name", "schema", stdout=said)
        yield said.getvalue().split()[-1]
        transaction.set_rollback(True)


@contextmanager
def connections_kept() -> Iterator[None]:
    """A request within our transaction must not end its connection."""
    ordinary = [
        (signals.request_started, reset_queries),
        (signals.request_started, close_old_connections),
        (signals.request_finished, close_old_connections),
    ]
    for signal, receiver in ordinary:
        signal.disconnect(receiver)
    yield
    for signal, receiver in ordinary:
        signal.connect(receiver)


@pytest.fixture(scope="module")
def schema() -> Any:
    config = SchemathesisConfig.from_dict({})
    found = schemathesis.openapi.from_dict(document(), config=config)
    found.app = application
    return found


def ask(case: Case, token: str) -> None:
    """Send it, undo what it did, and look at the answer."""
    with connections_kept(), transaction.atomic():
        response = case.call(headers={"Authorization": f"Token {token}"})
        transaction.set_rollback(True)
    if "problem" in response.headers.get("content-type", [""])[0]:
        said = response.json()
        given_out = {said["code"], *(error["code"] for error in said["errors"])}
        assert given_out <= set(pages.codes()), "Write their pages: docs/problems"
    left_out = NOT_SAID_BY_A_SCHEMA
    if response.status_code == HTTPStatus.ACCEPTED:  # what is wrong with an event is in its job
        left_out = left_out | {"negative_data_rejection"}
    if response.status_code == HTTPStatus.MULTI_STATUS:  # a refusal of what was wrong is inside
        left_out = left_out | {"negative_data_rejection"}
    checks = [check for check in CHECKS.get_all() if check.__name__ not in left_out]
    case.validate_response(response, checks=checks)


def at_the_boundaries(operation: APIOperation) -> list[Case]:
    """Some of the cases that lie at the boundary of each field."""
    every = operation.schema.iter_coverage_cases(
        operation, generation_modes=BOTH, generation_config=GenerationConfig()
    )
    some = list(itertools.islice(every, 100 * EXAMPLES))
    return random.Random(CHANCE).sample(some, min(4 * EXAMPLES, len(some)))


@pytest.mark.parametrize("operation_id", operations())
def test_nothing_unheard_of_is_answered(
    operation_id: str, token: str, schema: Any, db: None
) -> None:
    path, method, _operation = operations()[operation_id]
    operation = schema[path][method.upper()]

    @seed(CHANCE)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=HEALTH,
        phases=[Phase.generate] if EXAMPLES < 50 else [Phase.generate, Phase.shrink],
    )  # fmt: skip
    @given(case=operation.as_strategy(GenerationMode.POSITIVE) | negative(operation))
    def by_chance(case: Case) -> None:
        ask(case, token)

    for case in at_the_boundaries(operation):
        ask(case, token)
    by_chance()


def negative(operation: APIOperation) -> Any:
    return operation.as_strategy(GenerationMode.NEGATIVE)
