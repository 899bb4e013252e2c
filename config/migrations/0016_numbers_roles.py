"""What each role may do with the weekly report."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0015_alert_roles"),
        ("staging", "0017_daily_numbers"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
