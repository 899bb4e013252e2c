"""The label sizes that every installation starts with; a supervisor adds the plant's own."""

from typing import Any

ROLLS = (
    ("100x150", "Logistic label, 100 by 150 mm", 100, 150),
    ("105x148", "Logistic label, A6", 105, 148),
    ("148x210", "Logistic label, A5", 148, 210),
    ("100x50", "Label, 100 by 50 mm", 100, 50),
    ("70x30", "Small label, 70 by 30 mm", 70, 30),
    ("297x210", "Sign, A4 across", 297, 210),
)
A4 = {"page_width": 210, "page_height": 297}
SHEETS = (
    ("A4-4", "A4, 4 labels of 105 by 148 mm", 105, 148, {"columns": 2, "rows": 2, "top": "0.5"}),
    ("A4-8", "A4, 8 labels of 105 by 74 mm", 105, 74, {"columns": 2, "rows": 4, "top": "0.5"}),
    ("A4-24", "A4, 24 labels of 70 by 37 mm", 70, 37, {"columns": 3, "rows": 8, "top": "0.5"}),
)


def install(apps: Any) -> None:
    """Add the sizes; what is there stays. `apps` may be a migration's or the real registry."""
    size = apps.get_model("staging", "LabelSize")
    rolls = [size(code=code, name=name, width=w, height=h) for code, name, w, h in ROLLS]
    sheets = [
        size(code=code, name=name, width=w, height=h, **A4, **more)
        for code, name, w, h, more in SHEETS
    ]
    size.objects.bulk_create([*rolls, *sheets], ignore_conflicts=True)
