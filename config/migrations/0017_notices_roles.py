"""What each role is told, and who may change that and look after e-mail."""

from importlib import import_module
from typing import Any

from django.db import migrations

from integration import basics

roles = import_module("config.migrations.0002_roles").install


def install(apps: Any, schema_editor: Any) -> None:
    roles(apps, schema_editor)
    basics.install(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0016_numbers_roles"),
        ("integration", "0009_notices"),
        ("staging", "0019_dwell_by_program"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
