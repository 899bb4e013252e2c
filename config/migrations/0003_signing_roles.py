"""The permissions that came after the roles were first made."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0002_roles"),
        ("quality", "0005_signatures"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
