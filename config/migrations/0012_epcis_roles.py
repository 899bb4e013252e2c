"""Who captures events of partners, and who reads what was captured."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0011_display_roles"),
        ("integration", "0002_epcis"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
