"""Who reads the numbers."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0009_label_roles"),
        ("staging", "0007_numbers"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
