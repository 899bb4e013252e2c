"""A trace, as the API asks for it and answers it."""

from typing import Any

from rest_framework import serializers

from inventory.api.fields import Code, QuantityOut
from inventory.genealogy import DEEPEST


class TraceQuery(serializers.Serializer[Any]):
    direction = serializers.ChoiceField(choices=["forward", "back"], default="forward")
    depth = serializers.IntegerField(
        min_value=1, max_value=DEEPEST, default=DEEPEST, help_text="How many links away."
    )


class TracedLink(serializers.Serializer[Any]):
    """`near` is the lot closer to where the trace began."""

    depth = serializers.IntegerField()
    near = Code("near")
    far = Code("far")
    material = Code("far.material", help_text="Of the far lot.")
    kind = serializers.CharField()
    quantity = QuantityOut(allow_null=True)


class TraceAnswer(serializers.Serializer[Any]):
    """The links of a trace, the nearest first."""

    lot = Code("lot")
    direction = serializers.CharField()
    complete = serializers.BooleanField(source="found.complete")
    links = TracedLink(source="found.links", many=True)
