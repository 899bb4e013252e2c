"""Carrying out what several senders may make at the same time."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from inventory import verbs
from inventory.api.problems import model_details
from inventory.errors import Refused
from inventory.idempotency import Answer
from inventory.verbs import Verb

TRIES = 3
TAKEN = {"unique", "unique_together"}


def serve(verb: Verb, lines: list[Any], **options: Any) -> tuple[Answer, bool]:
    """As `verbs.serve`: who comes first makes it, and the others find it there."""
    for _left in range(TRIES - 1):
        try:
            return verbs.serve(verb, lines, **options)
        except (IntegrityError, ValidationError) as error:
            if not _is_late(error):
                raise
    return verbs.serve(verb, lines, **options)


def _is_late(error: Exception) -> bool:
    """Whether somebody else may have made it meanwhile, as the database or the model tells it."""
    if not isinstance(error, ValidationError):
        return True
    codes = {problem["code"] for problem in model_details(error)}
    return not isinstance(error, Refused) and codes <= TAKEN
