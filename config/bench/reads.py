"""What people look at, at a small and at the full size: how many milliseconds each takes."""

import statistics
import time
from collections.abc import Callable, Mapping

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.urls import reverse

from config.bench import data_master
from config.bench.report import Measure
from inventory import genealogy
from inventory.models import Lot
from staging.models import StagedStock
from staging.picture import GROUPINGS
from staging.timeline import timeline

SECTION = "Reads"
ROUNDS = 15
LEVELS = 10


def timings() -> dict[str, float]:
    """Milliseconds of each read, the median of some rounds on warm caches.

    Pages are whole requests through Django, from the URL to the last byte of HTML.
    """
    lot = StagedStock.objects.select_related("lot__material").order_by("location", "since")[0].lot
    ends = Lot.objects.filter(material__code=f"M000-{data_master.KINDS - 1}")
    deep = ends.order_by("pk")[0]
    client = Client()
    client.force_login(User.objects.get(username=data_master.FLOOR))
    with override_settings(ALLOWED_HOSTS=[*settings.ALLOWED_HOSTS, "testserver"]):
        found = {name: _milliseconds(client.get, url) for name, url in _pages(lot).items()}
    found["lot timeline"] = _milliseconds(timeline, lot)
    found[f"trace of {LEVELS} levels"] = _milliseconds(genealogy.trace, deep, "back")
    return found


def compare(small: Mapping[str, float], full: Mapping[str, float]) -> list[Measure]:
    """The two sizes side by side; the ratio says how much longer it takes at the full size."""
    return [
        Measure(
            section=SECTION,
            name=name,
            value=full[name],
            unit="ms",
            beside=small[name],
            beside_what="at the small size",
            ratio=full[name] / small[name],
        )
        for name in full
    ]


def _pages(lot: Lot) -> dict[str, str]:
    stock = reverse("staging:stock")
    return {
        "board": reverse("staging:board"),
        **{f"on hand by {by}": f"{stock}?by={by}" for by in GROUPINGS},
        "lot page": reverse("staging:lot", args=[lot.pk]),
        "material page": reverse("staging:material", args=[lot.material.code]),
        "location page": reverse("staging:location", args=["S000-LANE-01"]),
        "alert list": reverse("staging:alert_list"),
    }


def _milliseconds(read: Callable[..., object], *given: object) -> float:
    taken = []
    for _round in range(ROUNDS + 3):
        start = time.perf_counter()
        read(*given)
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken[3:])
