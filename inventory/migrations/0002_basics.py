from typing import Any

from django.conf import settings
from django.db import migrations

from inventory import basics
from inventory.append_only import protect


def install(apps: Any, schema_editor: Any) -> None:
    basics.install(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunPython(install, migrations.RunPython.noop),
        protect("inventory_movement"),
        protect("inventory_auditentry"),
        protect("inventory_lotlink"),
    ]
