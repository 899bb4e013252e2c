from typing import Any

from django.db import migrations

from config import roles

APPS = ("inventory", "quality", "staging", "integration", "auth")


def install(apps: Any, schema_editor: Any) -> None:
    configs = [config for config in apps.get_app_configs() if config.label in APPS]
    roles.install(apps, configs)


class Migration(migrations.Migration):
    dependencies = [
        ("forestage", "0001_initial"),
        ("inventory", "0002_basics"),
        ("quality", "0002_basics"),
        ("staging", "0001_initial"),
        ("integration", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
