"""Who may draft dwell policies and keep calendars by file or program."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0015_alert_roles"),
        ("staging", "0019_dwell_by_program"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
