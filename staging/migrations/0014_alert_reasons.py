import django.db.models.deletion
from django.db import migrations, models

from quality.watch import watch, watch_no_more

STAGED_FOR = """
    SELECT commitment.lot_id, false FROM staging_commitment commitment
    JOIN staging_requirement requirement ON requirement.id = commitment.requirement_id
    WHERE commitment.closed_at IS NULL AND requirement.demand_id = {}
"""
LIMITED_LANE = """
    SELECT id FROM inventory_location WHERE id = {} AND kind = 'staging' AND capacity IS NOT NULL
"""
OF_LINE = "SELECT demand_id FROM staging_requirement WHERE id = {}"

REASON_OF = {
    "lot_on_hold": "lot_on_hold",
    "lot_rejected": "lot_rejected",
    "lot_expired": "lot_expired",
    "lot_retest_due": "retest_due",
    "shelf_life_short": "shelf_life_short",
}


def noted(table, column, events, into="demand_id", **more):
    return watch(table, column, events, into=into, notes="staging_clocknote", kind="note", **more)


def divide(apps, schema_editor):
    """Alerts about what quality stopped get the reason that their stop has now, and its severity
    where they have one (0015 may have come before)."""
    model, rules = (
        apps.get_model("staging", "Alert"),
        apps.get_model("staging", "AlertRule").objects,
    )
    has_severity = any(field.name == "severity" for field in model._meta.get_fields())
    for stop, reason in REASON_OF.items():
        changes = {"reason": reason}
        if has_severity:
            changes["severity"] = rules.get(site=None, reason=reason).severity
        model.objects.filter(reason="not_usable", detail=stop).update(**changes)


def unite(apps, schema_editor):
    alerts = apps.get_model("staging", "Alert").objects
    alerts.filter(reason__in=REASON_OF.values()).update(reason="not_usable")


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0016_served_routes"),
        ("staging", "0013_alert_lives"),
    ]

    operations = [
        migrations.AddField(
            model_name="clockmark", name="alert_rules", field=models.JSONField(default=dict)
        ),
        migrations.CreateModel(
            name="ClockNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("taken", models.BooleanField(db_default=False, default=False)),
                (
                    "demand",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="staging.demand",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inventory.location",
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
        watch_no_more("staging_demand", ["update"]),
        watch(
            "staging_demand", "id", ["update"],
            of=["needed_at", "reference", "customer_id", "route", "carrier"], lots=STAGED_FOR,
        ),
        noted("staging_demand", "id", ["update"], of=["needed_at", "closed_at"]),
        noted("staging_requirement", "demand_id", ["insert"]),
        noted("staging_requirement", "demand_id", ["update"], of=["quantity"]),
        # What is staged for the first time is found without: most of what staging writes is that.
        noted(
            "staging_commitment", "requirement_id", ["update"], of=["quantity"], lots=OF_LINE,
            when="OLD.state <> 'reserved'",
        ),
        # A position that comes to a lane for nobody; what is staged is found by its commitment.
        noted(
            "inventory_balance", "location_id", ["insert"], into="location_id",
            lots=LIMITED_LANE, when="NEW.quantity > 0 AND NEW.bound = 0",
        ),
        noted(
            "inventory_balance", "location_id", ["update"], into="location_id",
            lots=LIMITED_LANE, of=["quantity"],
            when="OLD.quantity = 0 AND NEW.quantity > 0 AND NEW.bound = 0",
        ),
        # SQLite has made the table of places anew for its new columns, without its triggers.
        watch_no_more("inventory_location", ["update"]),
        watch("inventory_location", "NULL", ["update"], of=["purpose", "path"]),
        watch_no_more("inventory_location", ["update"], kind="dwell"),
        watch(
            "inventory_location", "id", ["update"], into="location_id",
            of=["path", "purpose", "site_id", "dwell_limit"], notes="staging_dwellchange",
            kind="dwell",
        ),
        noted(
            "inventory_location", "id", ["update"], into="location_id",
            of=["capacity", "routes", "carriers"],
        ),
        migrations.RunPython(divide, unite),
    ]  # fmt: skip
