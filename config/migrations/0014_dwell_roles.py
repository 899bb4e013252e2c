"""What each role may do with dwell policies and site calendars."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0013_clock"),
        ("staging", "0012_dwell_policies"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
