"""Who says how much shelf life must remain, and who reads it."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0007_pull_roles"),
        ("quality", "0010_shelf_life"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
