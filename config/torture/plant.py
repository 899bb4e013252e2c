"""The plant that is fought over, and a user with a token for each client."""

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, User
from django.utils import timezone

from config.torture import world
from integration.models import ApiClient, ApiToken
from inventory import actions as stock
from inventory import audit
from inventory.actions import save_master
from inventory.audit import Actor
from inventory.models import (
    Account,
    Location,
    LocationKind,
    LotStatus,
    Material,
    MaterialKind,
    Purpose,
    Site,
    Surface,
    Unit,
)
from staging import actions as staging
from staging.models import DemandKind

ROLES = ("operator", "supervisor", "qa")


def install(clients: list[str]) -> dict[str, str]:
    """Make the plant, unless it is there, and the users; the token of each client."""
    if not Site.objects.filter(code=world.SITE).exists():
        by = audit.system(Surface.COMMAND)
        site = _places(by)
        _materials(by)
        _stock(by)
        _demands(by, site)
    return {name: _user(name) for name in clients}


def _save(row: Any, by: Actor) -> Any:
    return save_master(row, by=by, at=timezone.now())


def _places(by: Actor) -> Site:
    site: Site = _save(Site(code=world.SITE, name="Torture"), by)
    lane: dict[str, Any] = {"purpose": Purpose.LINE_SIDE}
    dock: dict[str, Any] = {"purpose": Purpose.SHIPPING_LANE}
    kinds: list[tuple[Sequence[str], LocationKind, dict[str, Any]]] = [
        (world.BAYS, LocationKind.STORAGE, {}),
        ([world.CAGE], LocationKind.QUARANTINE, {}),
        (world.LANES, LocationKind.STAGING, lane),
        (world.DOCKS, LocationKind.STAGING, dock),
        ([world.WORK_CENTER], LocationKind.WORK_CENTER, {}),
        ([world.TRUCK], LocationKind.TRANSIT, {}),
        ([world.CUSTOMER], LocationKind.CUSTOMER, {}),
    ]
    # Staged stock is overdue at once, so that every sweep of the clock has something to raise.
    lane["dwell_limit"] = dock["dwell_limit"] = timedelta(seconds=1)
    for codes, kind, extras in kinds:
        for code in codes:
            _save(Location(site=site, code=code, name=code, kind=kind, **extras), by)
    return site


def _materials(by: Actor) -> None:
    unit = Unit.objects.get(code="KGM")
    kinds = {world.RAW: MaterialKind.RAW, world.GOODS: MaterialKind.FINISHED}
    for code, kind in kinds.items():
        row = Material(
            code=code, name=code, kind=kind, base_unit=unit, initial_status=LotStatus.RELEASED
        )
        _save(row, by)


def _stock(by: Actor) -> None:
    now = timezone.now()
    bays = {row.code: row for row in Location.objects.filter(code__in=world.BAYS)}
    materials = {row.code: row for row in Material.objects.all()}
    lots = [(world.RAW, number) for number in world.RAW_LOTS]
    lots += [(world.GOODS, number) for number in world.GOODS_LOTS]
    receipts = [
        stock.Receipt(
            material=materials[material],
            number=number,
            quantity=Decimal(world.START_QUANTITY),
            location=bay,
        )
        for material, number in lots
        for bay in bays.values()
    ]
    stock.receive(lines=receipts, by=by, at=now)
    boxes = [stock.NewContainer(code=code, location=bays[world.BAYS[0]]) for code in world.BOXES]
    stock.new_container(lines=boxes, by=by, at=now)


def _demands(by: Actor, site: Site) -> None:
    now = timezone.now()
    places = {row.code: row for row in Location.objects.all()}
    materials = {row.code: row for row in Material.objects.all()}
    wanted: list[tuple[str, DemandKind, str, dict[str, Any]]] = [
        (code, DemandKind.PRODUCTION, world.RAW, {"work_center": places[world.WORK_CENTER]})
        for code in world.ORDERS
    ]
    wanted += [
        (code, DemandKind.SHIPMENT, world.GOODS, {"customer": places[world.CUSTOMER]})
        for code in world.SHIPMENTS
    ]
    demands = [
        staging.NewDemand(
            reference=code,
            kind=kind,
            site=site,
            needed_at=now + timedelta(days=30),
            requirements=(
                staging.Need(material=materials[material], quantity=Decimal(world.NEEDED)),
            ),
            **extras,
        )
        for code, kind, material, extras in wanted
    ]
    staging.create_demand(lines=demands, by=by, at=now)


def _user(client: str) -> str:
    # One round: what is measured is the product, and not a hash that is slow on purpose.
    password = PBKDF2PasswordHasher().encode(world.PASSWORD, "torture", iterations=1)
    user = User.objects.create(username=world.username(client), password=password)
    Account.objects.create(user=user, acknowledged_at=timezone.now())
    user.groups.set(Group.objects.filter(name__in=ROLES))
    secret = ApiToken.new_secret()
    behind = ApiClient.objects.create(user=user, name=f"torture {user}")
    ApiToken.objects.create(client=behind, digest=ApiToken.digest_of(secret))
    return secret


def main(told: dict[str, Any]) -> int:
    """Make the plant for the clients named, and print their tokens."""
    print(json.dumps(install(told["clients"])))
    return 0
