"""What each role may do with external systems."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0011_display_roles"),
        ("integration", "0006_epcis"),
        ("staging", "0011_unstaging"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
