"""Who reads what is to be pulled."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0006_seal_roles"),
        ("staging", "0005_pull_tasks"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
