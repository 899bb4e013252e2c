"""Who reads what is to be unstaged, and who sends what from other systems."""

from importlib import import_module

from django.db import migrations

install = import_module("config.migrations.0002_roles").install


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0011_display_roles"),
        ("staging", "0010_unstaging"),
        ("integration", "0002_external_ids"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
