"""What the inventory resources show."""

from typing import Any

from rest_framework import serializers

from inventory.api.fields import Code, QuantityOut
from inventory.models import (
    AuditEntry,
    Balance,
    Container,
    Location,
    Lot,
    LotLink,
    Material,
    MaterialUnit,
    Movement,
    Site,
    Unit,
)

WHO_AND_WHEN = ("actor", "surface", "reason", "occurred_at", "recorded_at", "batch")


class SiteSerializer(serializers.ModelSerializer[Site]):
    class Meta:
        model = Site
        fields = (
            "id", "code", "name", "time_zone", "gs1_prefix", "sscc_extension", "is_active",
        )  # fmt: skip
        read_only_fields = fields


class LocationSerializer(serializers.ModelSerializer[Location]):
    site = Code("site")
    parent = Code("parent", allow_null=True, default=None)  # type: ignore[assignment]

    class Meta:
        model = Location
        fields = (
            "id", "code", "name", "site", "parent", "path", "kind", "purpose", "condition",
            "zone", "capacity", "capacity_policy", "dwell_limit", "state_label", "routes",
            "carriers", "gln", "gln_extension", "walk_order", "is_open",
        )  # fmt: skip
        read_only_fields = fields


class UnitSerializer(serializers.ModelSerializer[Unit]):
    class Meta:
        model = Unit
        fields = ("code", "name", "decimals")
        read_only_fields = fields


class MaterialUnitSerializer(serializers.ModelSerializer[MaterialUnit]):
    """`numerator` base units make `denominator` of this unit."""

    unit = serializers.CharField(source="unit_id", read_only=True)
    numerator = QuantityOut()
    denominator = QuantityOut()

    class Meta:
        model = MaterialUnit
        fields = ("unit", "numerator", "denominator")


class MaterialSerializer(serializers.ModelSerializer[Material]):
    base_unit = serializers.CharField(source="base_unit_id", read_only=True)
    units = MaterialUnitSerializer(many=True, read_only=True)
    safety_stock = QuantityOut()

    class Meta:
        model = Material
        fields = (
            "id", "code", "name", "kind", "category", "base_unit", "units", "gtin", "tracking",
            "initial_status", "inspection_required",
            "second_signer", "shelf_life_days", "retest_days", "min_remaining_days",
            "storage_condition", "out_of_storage_budget", "safety_stock", "dwell_limit",
            "is_active",
        )  # fmt: skip
        read_only_fields = fields


class LotSerializer(serializers.ModelSerializer[Lot]):
    material = Code("material")
    dossier = serializers.HyperlinkedIdentityField(
        view_name="lot-dossier", help_text="All that is known of it, for who may read that."
    )

    class Meta:
        model = Lot
        fields = (
            "id", "code", "material", "number", "supplier_lot", "made_on", "expires_on",
            "retest_on", "status", "out_used", "out_since", "out_ends_at", "created_at",
            "dossier",
        )  # fmt: skip
        read_only_fields = fields


class ContainerSerializer(serializers.ModelSerializer[Container]):
    parent = Code("parent", allow_null=True, default=None)  # type: ignore[assignment]
    location = Code("location")

    class Meta:
        model = Container
        fields = ("id", "code", "sscc", "kind", "parent", "location")
        read_only_fields = fields


class BalanceSerializer(serializers.ModelSerializer[Balance]):
    lot = Code("lot")
    material = Code("lot.material")
    unit = serializers.CharField(source="lot.material.base_unit_id", read_only=True)
    location = Code("location")
    container = Code("container", allow_null=True, default=None)
    quantity = QuantityOut()
    reserved = QuantityOut()
    bound = QuantityOut()
    free = QuantityOut()

    class Meta:
        model = Balance
        fields = (
            "id", "lot", "material", "unit", "location", "container", "quantity", "reserved",
            "bound", "free",
        )  # fmt: skip


class RecordedSerializer(serializers.ModelSerializer[Any]):
    """Who, when, through which surface, why."""

    actor = Code("actor", "username")


class MovementSerializer(RecordedSerializer):
    lot = Code("lot")
    material = Code("lot.material")
    quantity = QuantityOut()
    unit = serializers.CharField(source="lot.material.base_unit_id", read_only=True)
    source = Code("source")  # type: ignore[assignment]
    target = Code("target")
    from_container = Code("from_container", allow_null=True, default=None)
    to_container = Code("to_container", allow_null=True, default=None)
    reverses = serializers.IntegerField(source="reverses_id", read_only=True, allow_null=True)

    class Meta:
        model = Movement
        fields = (
            "id", "kind", "lot", "material", "quantity", "unit", "source", "target",
            "from_container", "to_container", "reference", "rule_version", "reverses",
            *WHO_AND_WHEN,
        )  # fmt: skip
        read_only_fields = fields


class LotLinkSerializer(RecordedSerializer):
    """`parent` went into `child`."""

    parent = Code("parent")  # type: ignore[assignment]
    child = Code("child")
    quantity = QuantityOut(allow_null=True)

    class Meta:
        model = LotLink
        fields = ("id", "parent", "child", "kind", "quantity", *WHO_AND_WHEN)
        read_only_fields = fields


class AuditEntrySerializer(RecordedSerializer):
    changes = serializers.DictField(read_only=True, help_text="Field → [old, new].")
    facts = serializers.DictField(read_only=True)

    class Meta:
        model = AuditEntry
        fields = (
            "id", "action", "subject_type", "subject_id", "subject", "changes", "facts",
            *WHO_AND_WHEN,
        )  # fmt: skip
        read_only_fields = fields
