"""What each role may do about alerts, and from which level on it is told of them."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0014_dwell_roles"),
        ("staging", "0015_alert_life"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
