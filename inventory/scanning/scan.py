"""What a scanned or typed text says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Form = Literal["gs1", "digital_link", "ean", "plain"]


@dataclass(frozen=True, slots=True)
class Scan:
    """A text as it came from a scanner, and what it says of itself.

    `text` is without symbology identifier. A `gtin` and an `sscc` have all their digits (14, 18);
    `gtin` is that of the item itself or, on a logistic unit, of what it contains. `quantity` is in
    `unit`, a UN/CEFACT code. `expires_on` is the expiry date, or else the best-before date.
    `elements` holds every element string by its application identifier. Where `is_sure` is not
    set, the text may be a code of our own that looks like one of theirs.
    """

    text: str
    form: Form = "plain"
    is_sure: bool = False
    sscc: str = ""
    gtin: str = ""
    lot_number: str = ""
    serial: str = ""
    made_on: date | None = None
    expires_on: date | None = None
    retest_on: date | None = None
    quantity: Decimal | None = None
    unit: str = ""
    location_gln: str = ""
    gln_extension: str = ""
    reference: str = ""
    elements: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether it is one of our own codes, as far as its form tells."""
        return self.form == "plain"
