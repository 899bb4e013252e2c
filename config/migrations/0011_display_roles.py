"""Who sets wall screens up, and who reads which there are."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0010_numbers_roles"),
        ("staging", "0008_displays"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
