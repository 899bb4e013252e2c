"""Seals and proofs, as the API shows them."""

from typing import Any

from rest_framework import serializers

from inventory.models import Seal
from inventory.seals import chain


class SealSerializer(serializers.ModelSerializer[Seal]):
    """One batch of records under a hash. `digest` is the SHA-256 of what the seal says, and
    `hash` that of 0x02, `previous` and `digest`."""

    digest = serializers.SerializerMethodField()

    class Meta:
        model = Seal
        fields = (
            "sequence", "table", "first", "last", "count", "columns", "root", "digest", "previous",
            "hash", "sealed_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_digest(self, seal: Seal) -> str:
        return chain.digest(seal)


class ProofQuery(serializers.Serializer[Any]):
    to = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1,
        help_text="The seal that it is to lead to; else the first that was published.",
    )  # fmt: skip


class ProvenRecord(serializers.Serializer[Any]):
    table = serializers.CharField()
    number = serializers.IntegerField()
    content = serializers.CharField(help_text="Canonical JSON; its SHA-256 is what is sealed.")


class ProofStep(serializers.Serializer[Any]):
    side = serializers.ChoiceField(choices=["left", "right"])
    hash = serializers.CharField()


class ProofSeal(serializers.Serializer[Any]):
    body = serializers.CharField(help_text="What the seal says, as canonical JSON.")
    previous = serializers.CharField()


class Published(serializers.Serializer[Any]):
    sequence = serializers.IntegerField()
    hash = serializers.CharField()


class ProofAnswer(serializers.Serializer[Any]):
    """The way from a record up to the root of its batch, and along the chain to a seal."""

    format = serializers.IntegerField()
    record = ProvenRecord()
    path = ProofStep(many=True)
    seal = ProofSeal()
    chain = serializers.ListField(child=serializers.CharField())
    published = Published()
