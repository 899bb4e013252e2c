"""What every installation starts with: units of measure, and the product's own account.

Units by their UN/CEFACT Recommendation 20 (measures) and 21 (packages) codes.
"""

from typing import Any

UNITS = (
    ("EA", "each", 0),
    ("KGM", "kilogram", 6),
    ("GRM", "gram", 3),
    ("MGM", "milligram", 0),
    ("TNE", "tonne", 6),
    ("LTR", "litre", 6),
    ("MLT", "millilitre", 3),
    ("MTR", "metre", 3),
    ("CMT", "centimetre", 1),
    ("MTK", "square metre", 4),
    ("RO", "roll", 0),
    ("XBX", "box", 0),
    ("XCT", "carton", 0),
    ("XPK", "package", 0),
    ("XPX", "pallet", 0),
    ("XDR", "drum", 0),
    ("XBG", "bag", 0),
    ("XBO", "bottle", 0),
)


def install(apps: Any) -> None:
    """Add the basics; what is there stays. `apps` may be a migration's or the real registry."""
    unit = apps.get_model("inventory", "Unit")
    unit.objects.bulk_create(
        [unit(code=code, name=name, decimals=decimals) for code, name, decimals in UNITS],
        ignore_conflicts=True,
    )
    user = apps.get_model("auth", "User")
    user.objects.get_or_create(
        username="system", defaults={"is_active": False, "password": "!", "first_name": "Forestage"}
    )
