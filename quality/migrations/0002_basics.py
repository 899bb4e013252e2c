from typing import Any

from django.db import migrations

from inventory.append_only import protect
from quality import basics


def install(apps: Any, schema_editor: Any) -> None:
    basics.install(apps)


class Migration(migrations.Migration):
    dependencies = [("quality", "0001_initial"), ("inventory", "0002_basics")]
    operations = [
        migrations.RunPython(install, migrations.RunPython.noop),
        protect("quality_decision"),
        protect("quality_inspection"),
        protect("quality_inspectionresult"),
    ]
