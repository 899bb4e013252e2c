"""Entity tags: one for each representation, made from its bytes."""

from hashlib import blake2b

from django.db.models import Model
from rest_framework.request import Request

from inventory.api.renderers import FastJSONRenderer


def etag_of(content: bytes) -> str:
    """A strong entity tag, quotes included."""
    return f'"{blake2b(content, digest_size=16).hexdigest()}"'


def current(row: Model, request: Request) -> str:
    """The tag that the thing's own resource would give now, read without `fields` and `expand`."""
    from inventory.api.resources import RESOURCES

    return etag_of(FastJSONRenderer().render(RESOURCES[type(row)].represent(row.pk, request)))
