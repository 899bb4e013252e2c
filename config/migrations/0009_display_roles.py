"""Who sets wall screens up, and who reads which there are."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0008_shelf_life_roles"),
        ("staging", "0006_displays"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
