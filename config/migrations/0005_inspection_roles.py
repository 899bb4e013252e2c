"""Who writes and approves inspection plans, decides on failed inspections, attaches files."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0004_refused_attempts_roles"),
        ("quality", "0006_inspection_plans"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
