"""If-Match: what a request expects of the one thing that it changes."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from inventory import preconditions
from inventory.errors import Refused


def expecting(
    row: Model,
    match: Sequence[str],
    *,
    field: str,
    tags: Callable[[], Sequence[str]],
    beside: Iterable[Model] = (),
) -> AbstractContextManager[None]:
    """Within, the action that locks the row, or what stands `beside` it, has its tags compared.

    `tags` are those of now, the one that is told first. Refuses `precondition_failed`.
    """

    def compare() -> None:
        if match == ("*",):
            return
        now = tags()
        if not set(now) & set(match):
            raise preconditions.refused(row, field=field, etag=now[0])

    return preconditions.expecting(row, compare, beside=beside)


def required(field: str) -> Refused:
    """The refusal of a request whose client must say what it has read, and has not."""
    return Refused(
        _("Say which state of it you have read."),
        code="precondition_required",
        field=field,
        hint=_("Send in If-Match the ETag of the one thing that is changed."),
    )
