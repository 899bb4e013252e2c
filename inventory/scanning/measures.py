"""How much a GS1 code says there is: counts, and measures with their implied decimals."""

from decimal import Decimal

from inventory.scanning.element_strings import Elements

UNITS = {
    "310": "KGM", "311": "MTR", "314": "MTK", "315": "LTR", "316": "MTQ", "320": "LBR",
    "321": "INH", "322": "FOT", "323": "YRD", "350": "INK", "351": "FTK", "352": "YDK",
    "356": "APZ", "357": "ONZ", "360": "QTL", "361": "GLL", "364": "INQ", "365": "FTQ",
    "366": "YDQ",
}  # fmt: skip
"""UN/CEFACT codes of the net measures, by the first three digits of their identifiers. Gross
weights, widths and heights say nothing of how much of a material there is."""

COUNTS = ("37", "30")
PIECES = "EA"


def quantity_of(elements: Elements) -> tuple[Decimal | None, str]:
    """The quantity and its unit. A net measure says more than a count that stands beside it."""
    for identifier, element in elements.items():
        if len(identifier) == 4 and identifier[:3] in UNITS:
            return element.decimal, UNITS[identifier[:3]]
    for identifier in COUNTS:
        if identifier in elements:
            return Decimal(elements[identifier].value), PIECES
    return None, ""
