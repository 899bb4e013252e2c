"""Who prints labels, and who numbers containers."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0008_shelf_life_roles"),
        ("inventory", "0012_sscc_series"),
        ("staging", "0006_label_sizes"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
