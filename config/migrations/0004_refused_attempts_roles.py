"""Who reads the refused attempts."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0003_signing_roles"),
        ("inventory", "0006_refused_attempts"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
