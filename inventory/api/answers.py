"""The shapes of what the API answers, for its document: verbs' answers and problems."""

from typing import Any

from rest_framework import serializers


class MovementDone(serializers.Serializer[Any]):
    """A movement that the request posted."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    lot = serializers.CharField()
    quantity = serializers.CharField(help_text="In the material's base unit.")
    unit = serializers.CharField(help_text="UN/CEFACT code of the base unit.")
    source = serializers.CharField()  # type: ignore[assignment]  # the answer's own word
    target = serializers.CharField()
    from_container = serializers.CharField(allow_null=True)
    to_container = serializers.CharField(allow_null=True)
    reference = serializers.CharField(allow_blank=True)
    batch = serializers.UUIDField(help_text="The same for everything one request did.")


class ThingDone(serializers.Serializer[Any]):
    """Another thing that the request made or changed."""

    type = serializers.CharField(help_text="hold, demand, decision, lot …")
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    facts = serializers.DictField(required=False, help_text="Particulars, where there are any.")


class Answer(serializers.Serializer[Any]):
    """What a verb did."""

    movements = MovementDone(many=True)
    objects = ThingDone(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


class ProblemDetail(serializers.Serializer[Any]):
    """One thing that is wrong, and where."""

    line = serializers.IntegerField(allow_null=True, help_text="Counted from 0.")
    field = serializers.CharField(allow_null=True, help_text="Nested: `requirements.0.material`.")
    code = serializers.CharField(help_text="Stable; made for programs.")
    detail = serializers.CharField(help_text="For people, in the language asked for.")
    hint = serializers.CharField(allow_blank=True, help_text="What to do instead.")
    facts = serializers.DictField(help_text="Particulars for programs, by code.")


class LineResult(serializers.Serializer[Any]):
    """What came of one line: `movements` and `objects` where it was done, else `errors`."""

    line = serializers.IntegerField(help_text="Counted from 0.")
    status = serializers.ChoiceField(["done", "refused"])
    movements = MovementDone(many=True, required=False)
    objects = ThingDone(many=True, required=False)
    errors = ProblemDetail(many=True, required=False)  # type: ignore[assignment]


class AnswerByLine(serializers.Serializer[Any]):
    """What a verb did of what it could do."""

    results = LineResult(many=True, help_text="One for each line, in their order.")
    warnings = serializers.ListField(child=serializers.CharField())


class Problem(serializers.Serializer[Any]):
    """An error as RFC 9457 describes it."""

    type = serializers.CharField(help_text="URI reference of the kind of problem.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    hint = serializers.CharField(allow_blank=True)
    errors = ProblemDetail(many=True)  # type: ignore[assignment]
