"""Who reads the seals."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0005_inspection_roles"),
        ("inventory", "0008_seals"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
