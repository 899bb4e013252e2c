"""Who reads which external systems there are."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0011_display_roles"),
        ("integration", "0002_api_clients"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
