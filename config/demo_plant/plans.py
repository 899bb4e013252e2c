"""The inspection plan of the demo's active substance, and a certificate that came with a lot."""

from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from config.demo_plant.story import Row, Story, days
from inventory.models import Lot, Material
from quality.actions import approve_plan, attach, change_plan, draft_plan
from quality.models import InspectionKind, PlanCharacteristic

MATERIAL = "RM-1001"
CERTIFIED = "RM-1001/A24-0944"

ASKED: tuple[dict[str, Any], ...] = (
    {"name": "Identity (IR)", "kind": "attribute", "criterion": "Spectrum agrees with reference"},
    {"name": "Assay", "kind": "numeric", "unit": "%", "lower": Decimal("98.0"),
     "upper": Decimal("102.0"), "plausible_from": Decimal(80), "plausible_to": Decimal(120),
     "decimals": 1, "samples": 3, "criterion": "HPLC, dried substance"},
    {"name": "Loss on drying", "kind": "numeric", "unit": "%", "upper": Decimal("0.5"),
     "plausible_from": Decimal(0), "plausible_to": Decimal(10), "decimals": 2,
     "criterion": "105 °C, 3 h"},
    {"name": "Appearance", "kind": "text", "required": False},
)  # fmt: skip

CERTIFICATE = """Alder Fine Chemicals
Certificate of analysis

Product: Paracetamol, fine powder
Batch:   ALD-78019

Identity (IR)     conforms
Assay             99.8 %    (98.0 to 102.0 %)
Loss on drying    0.21 %    (not more than 0.5 %)
"""


def install(story: Story) -> None:
    """The laboratory writes the plan, and quality puts it into force, two months ago."""
    material = Material.objects.get(code=MATERIAL)
    lab, at = story.actor("lab"), story.now - days(60)
    plan = draft_plan(
        material=material, kind=InspectionKind.RECEIPT, note="First version", by=lab, at=at
    )
    change_plan(
        draft=plan, characteristics=[PlanCharacteristic(**columns) for columns in ASKED],
        reason="By the monograph", by=lab, at=at,
    )  # fmt: skip
    approve_plan(plan=plan, reason="Agrees with the monograph", by=story.actor("qa"), at=at)


def passing(lot: str) -> list[Row]:
    """Results of a lot by the plan, within their limits."""
    assays = enumerate(("99.6", "99.4", "99.9"), 1)
    return [
        {"lot": lot, "characteristic": "Identity (IR)", "value": "pass"},
        *({"lot": lot, "characteristic": "Assay", "value": value, "sample": number}
          for number, value in assays),
        {"lot": lot, "characteristic": "Loss on drying", "value": "0.31"},
    ]  # fmt: skip


def certify(story: Story) -> None:
    """The certificate of a lot that still waits for its results."""
    attach(
        lot=Lot.objects.get(code=CERTIFIED),
        file=ContentFile(CERTIFICATE.encode(), "ALD-78019.txt"),
        reason="Certificate of analysis",
        by=story.actor("operator"), at=timezone.now(),
    )  # fmt: skip
