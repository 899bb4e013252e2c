"""The benchmark's places, materials and people: some hundred rows a site, through the ORM."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.contrib.auth.models import Group, User

from integration.models import ApiClient, ApiToken
from inventory.models import VIRTUAL_KINDS, Location, LocationKind, Material, MaterialKind, Purpose
from inventory.models import Site as Plant

LANES, BINS, RAW, CHAIN = 20, 100, 50, 11
"""Of each site: lanes, storage bins, materials that are staged, and materials made in a row."""

PLACES, KINDS = 200, RAW + CHAIN
"""How many numbers of locations and materials a site has to itself."""

DOCK, QUARANTINE, VIRTUAL, CENTRE, TRUCK, CUSTOMER, LANE, BIN = 2, 3, 4, 10, 14, 16, 40, 100
"""Where in its numbers a site has what. Virtual places lie in the order of `VIRTUAL_KINDS`."""

PEOPLE = 10
"""Operators, between whom the movements are divided."""

DWELL = timedelta(days=19, hours=21)
"""The dwell limit of every lane, a little less than the oldest stock has been standing."""

SERVICE, FLOOR = "bench", "bench-floor"
SECRET = "a-token-for-the-benchmark-and-nothing-else"  # noqa: S105 - of a database of its own


def load(sites: int, lanes: int) -> None:
    """Everything that stock needs to be there before it: `lanes` in all, on so many sites."""
    Plant.objects.bulk_create(
        Plant(pk=site + 1, code=f"S{site:03}", name=f"Plant {site}") for site in range(sites)
    )
    Location.objects.bulk_create(
        place for site in range(sites) for place in _places(site, min(LANES, lanes - site * LANES))
    )
    Material.objects.bulk_create(row for site in range(sites) for row in _materials(site))
    people = [User(username=f"operator-{number}") for number in range(PEOPLE)]
    User.objects.bulk_create(people)
    Group.objects.get(name="operator").user_set.set(people)
    Group.objects.get(name="integrator").user_set.add(_service())
    Group.objects.get(name="supervisor").user_set.add(User.objects.create_user(FLOOR))


def _service() -> User:
    user = User.objects.create_user(SERVICE)
    client = ApiClient.objects.create(user=user, name="benchmark")
    ApiToken.objects.create(client=client, digest=ApiToken.digest_of(SECRET))
    return user


def _places(site: int, lanes: int) -> Iterator[Location]:
    code = f"S{site:03}"

    def place(
        number: int, name: str, kind: str, within: Location | None = None, **more: object
    ) -> Location:
        path = f"{within.path if within else ''}{code}-{name}/"
        return Location(
            pk=site * PLACES + number, site_id=site + 1, code=f"{code}-{name}", name=name,
            kind=kind, parent=within, path=path, walk_order=number, **more,
        )  # fmt: skip

    store = place(1, "STORE", LocationKind.STORAGE)
    yield store
    yield place(DOCK, "DOCK", LocationKind.STORAGE)
    yield place(QUARANTINE, "CAGE", LocationKind.QUARANTINE)
    for number, kind in enumerate(VIRTUAL_KINDS):
        yield place(VIRTUAL + number, kind.upper(), kind)
    for number in range(4):
        yield place(CENTRE + number, f"LINE-{number}", LocationKind.WORK_CENTER)
        yield place(CUSTOMER + number, f"CUSTOMER-{number}", LocationKind.CUSTOMER)
    for number in range(2):
        yield place(TRUCK + number, f"TRUCK-{number}", LocationKind.TRANSIT)
    for number in range(lanes):
        purpose = list(Purpose)[number % 4]
        yield place(
            LANE + number, f"LANE-{number:02}", LocationKind.STAGING,
            purpose=purpose, dwell_limit=DWELL,
        )  # fmt: skip
    for number in range(BINS):
        yield place(BIN + number, f"BIN-{number:02}", LocationKind.STORAGE, within=store)


def _materials(site: int) -> Iterator[Material]:
    for number in range(KINDS):
        made = number >= RAW
        yield Material(
            pk=site * KINDS + number + 1,
            code=f"M{site:03}-{number:02}",
            name=f"Material {number} of plant {site}",
            kind=MaterialKind.WIP if made else MaterialKind.RAW,
            base_unit_id="KGM" if number % 2 else "EA",
            shelf_life_days=400,
            min_remaining_days=7 if number % 10 == 0 else 0,
            safety_stock=Decimal(500) if number % 5 == 0 else Decimal(0),
            dwell_limit=timedelta(days=40) if number % 5 == 0 else None,
        )
