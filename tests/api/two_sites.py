"""Two sites with the same life in each, and a client with a token for one of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

from django.contrib.auth.models import Group
from django.urls import URLPattern, URLResolver, get_resolver

from integration.access.tokens import issue_token
from integration.epcis.ids import event_id
from integration.inbound.actions import receive_demands
from integration.inbound.lines import InboundLine, InboundNeed
from inventory import actions as stock
from inventory import attempts, sites
from inventory.api.resources import Resource
from inventory.errors import Refused
from inventory.models import Container, Location, Lot, Material, Movement
from quality import actions as quality
from quality.models import Decision, Hold
from staging import actions as staging
from staging.models import Alert, DwellPolicy, DwellSet, SiteCalendar, SpecialDay
from tests.api.conftest import Api
from tests.factories import ClientFactory, UserFactory
from tests.plant import Plant

HERE, THERE = "ALPHA", "BRAVO"
"""Everything of a site has its word in its code."""

NUMBERS = {HERE: (191919, 151515, 161616), THERE: (717171, 313131, 515151)}
"""What a lot of a site has, of which so much is staged, for so much that is needed."""

ACROSS = {"epcis/capture", "dwell-sets", "notice-preferences"}
"""What is refused to a token for some sites, whatever it holds."""

SHARED = {"units", "materials", "seals", "inspection-plans", "usage-rules", "label-sizes"}


@dataclass
class Two:
    """Two sites with the same life in each, and a client with a token for the first."""

    here: Plant
    there: Plant
    api: Api


def token_for(plant: Plant, role: str = "integrator", *, alone: bool = True, **client: Any) -> Api:
    """What a client with a token for the plant's site alone uses, or for all of them."""
    made = ClientFactory(user=UserFactory(role=role), **client)
    made.user.groups.add(*Group.objects.all())
    _token, secret = issue_token(
        client=made, sites=[plant.site] * alone, expires_at=None, by=plant.operator, at=plant.now
    )
    api = Api()
    api.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return api


def furnish(plant: Plant) -> None:
    """One thing of every kind that is read; of one material at all sites, so that sums would show.

    Words that people wrote there begin with the site's.
    """
    word = plant.site.code
    many, some, needed = NUMBERS[word]
    material = Material.objects.filter(code="COMMON").first() or plant.material(code="COMMON")
    lot = plant.lot(many, material=material, number=f"{word}-1", supplier_lot=f"{word}-S")
    waiting = plant.lot(material=material, number=f"{word}-2", released=False)
    demand = plant.order((material, needed), reference=f"{word}-D1", route=f"{word}-R")
    plant.stage(demand, lot, quantity=some)
    plant.do(staging.allocate, staging.AllocationLine(demand=demand, lot=lot))
    plant.do(stock.new_container, stock.NewContainer(code=f"{word}-PAL", location=plant.a1))
    result = quality.Result(lot=waiting, characteristic=f"{word} pH", value="7")
    plant.do(quality.record_inspection, result, by=plant.lab)
    part = stock.Split(lot=waiting, number=f"{word}-3", quantity=Decimal(1))
    plant.do(quality.split_lot, part, by=plant.qa)
    plant.do(stock.scrap, stock.Removal(
        lot=waiting, quantity=Decimal(2), reason=f"{word} mould", source=plant.a1))  # fmt: skip
    _load_and_ship(plant, lot)
    plant.hold(lot=lot, reason=f"{word} smells")
    plant.hold(location=plant.a2, reason=f"{word} leaks")
    plant.hold(container=Container.objects.get(code=f"{word}-PAL"), reason=f"{word} bent")
    plant.lift(plant.hold(lot=waiting, reason=f"{word} odd"))
    Alert.objects.create(
        reason="without_demand", site=plant.l1.site, lot=lot, location=plant.l1, raised_at=plant.now
    )
    policies, _made = DwellSet.objects.get_or_create(version=1)
    DwellPolicy.objects.create(dwell_set=policies, lane=plant.l1, note=f"{word}, line-side")
    SiteCalendar.objects.create(site=plant.site, valid_from=plant.now.date(), note=word)
    SpecialDay.objects.create(site=plant.site, day=plant.now.date(), name=word)
    _tried(plant, lot, plant.l2)
    plant.do(receive_demands, InboundLine(
        source="ERP", id=f"{word}-PO", kind="production", site=plant.site, needed_at=plant.now,
        work_center=plant.wc.code,
        requirements=(InboundNeed(line="1", material="COMMON", quantity=Decimal(3)),),
    ))  # fmt: skip


def _load_and_ship(plant: Plant, lot: Lot) -> None:
    shipment = plant.shipment((lot.material, 11), reference=f"{plant.site.code}-S1")
    plant.stage(shipment, lot, plant.dock, quantity=11)
    loading = staging.Loading(demand=shipment, lot=lot, vehicle=plant.truck)
    plant.do(staging.load, loading)
    plant.do(staging.ship, staging.Shipping(demand=shipment, lot=lot))


def _tried(plant: Plant, lot: Lot, lane: Location) -> None:
    refusal = Refused(f"{lot.code} stands at {plant.a1}.", code="not_here")
    asked = {"lot": [lot], "lane": [lane], "reason": [f"{plant.site.code} hurry"]}
    attempts.record("staging.stage", [(asked, refusal)], by=plant.operator, at=plant.now)


def entangle(here: Plant, there: Plant) -> None:
    """What somebody does who is for both sites: one request that moves stock at each, one that
    names things of each, one that is refused for the lot of one in the lane of the other."""
    mine, theirs = (Lot.objects.get(number=f"{word}-1") for word in (HERE, THERE))
    moves = [
        stock.Move(lot=lot, source=plant.a1, target=plant.a2, quantity=Decimal(1))
        for lot, plant in ((mine, here), (theirs, there))
    ]
    here.do(stock.move, *moves)
    boxes = [(f"{plant.site.code}-BOX", plant.a1) for plant in (here, there)]
    here.do(stock.new_container, *(stock.NewContainer(code=c, location=at) for c, at in boxes))
    _tried(there, theirs, here.l1)


def paths() -> Iterator[tuple[str, Any]]:
    """Every path of the API that is read, with its view."""

    def walk(prefix: str, patterns: Any) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(route, pattern.url_patterns)
            elif isinstance(pattern, URLPattern) and route.startswith(("api/v1/", "epcis/")):
                view = pattern.callback
                yield route.removeprefix("api/v1/"), view

    for route, view in walk("", get_resolver().url_patterns):
        actions = getattr(view, "actions", None)
        reads = "get" in actions if actions else hasattr(getattr(view, "cls", None), "get")
        if reads and not route.startswith(("schema", "docs", "labels")):
            yield route, view


def named(route: str) -> str:
    """`lots/<int:pk>/trace/` is `lots/trace`."""
    parts = [part for part in route.split("/") if part and not part.startswith("<")]
    if parts[:2] == ["epcis", "capture"]:
        return "epcis/capture"
    return parts[0] if parts[0] in ("numbers", "external", "epcis", "exports") else "/".join(parts)


def of(plant: Plant, route: str, view: Any) -> str:
    """The path of something that belongs to the plant."""
    word, head = plant.site.code, route.split("/")[0]
    if head == "external":
        kind = route.split("/")[2]
        code = {"locations": f"{word}-A1", "demands": f"{word}-PO", "materials": "COMMON"}
        return f"external/ERP/{kind}/{code.get(kind, f'{word}-L')}/"
    if head == "epcis":
        first = Movement.objects.filter(target=plant.a1).earliest("pk")
        named = event_id(1, first.pk) if "events" in route else UUID(int=1)
        return f"{'/'.join(route.split('/')[:2])}/{named}"
    return route.replace(
        route[route.index("<") : route.index(">") + 1], str(_key(plant, route, view))
    )


def _key(plant: Plant, route: str, view: Any) -> Any:
    head = route.split("/")[0]
    if head == "as-it-stood":
        return f"{plant.site.code}-{'L1' if 'lanes' in route else 'PO'}"
    if (head in OWN and not issubclass(view.cls, Resource)) or "reach" in route:
        return OWN[head](Lot.objects.get(number=f"{plant.site.code}-1"))
    somebody = UserFactory()
    sites.limit(somebody, frozenset({plant.site.pk}))
    model = view.cls.queryset.model._meta.concrete_model
    if model not in sites._KINDS:
        return "1"
    row = sites.within(view.cls.queryset.all(), somebody).filter(**REALLY.get(head, {})).first()
    key = "alert_id" if "steps" in route else view.cls.lookup_field
    return getattr(row, key, None) if row else "0"


OWN: dict[str, Callable[[Lot], Any]] = {
    "lots": lambda lot: lot.pk,
    "holds": lambda lot: Hold.objects.get(lot=lot).pk,
    "decisions": lambda lot: Decision.objects.filter(lot=lot).first().pk,
}

REALLY = {"holds": {"lot__isnull": False}, "audit-entries": {"subject_type": "inventory.lot"}}
"""A hold on a material may stop stock of any site, and is nobody's own; as what is said of one."""


def text_of(answer: Any) -> str:
    """All that an answer says: its headers, its body, and what is packed in that."""
    if not hasattr(answer, "_said"):  # a streamed one can be read once
        answer._said = answer.getvalue()
    body = answer._said
    said = [str(dict(answer.headers)).encode()]
    if body.startswith(b"PK"):
        with ZipFile(BytesIO(body)) as archive:
            said += [archive.read(name) for name in archive.namelist()]
    return b"\n".join([*said, body]).decode(errors="replace")
