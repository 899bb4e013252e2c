"""SSCCs: from the site's prefix, never twice."""

import threading
from typing import Any

import pytest
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import actions as stock
from inventory import gs1
from inventory.actions import save_master
from inventory.models import AuditEntry, Container, Site, SsccSeries
from tests.core.refusal import refused
from tests.factories import SiteFactory
from tests.plant import Plant

PREFIX = "9521234"


@pytest.fixture
def numbering(plant: Plant) -> Plant:
    _prefix(plant.site)
    return plant


def _prefix(site: Site, prefix: str = PREFIX, extension: int = 3) -> None:
    Site.objects.filter(pk=site.pk).update(gs1_prefix=prefix, sscc_extension=extension)
    site.refresh_from_db()


def new(plant: Plant, *codes: str, **more: Any) -> list[Container]:
    lines = [stock.NewContainer(code=code, location=plant.a1, **more) for code in codes]
    return stock.new_container(lines=lines, by=plant.operator, at=plant.now)


def number(plant: Plant, *containers: Container) -> list[str]:
    rows = plant.do(stock.number_container, *(stock.Numbering(container=c) for c in containers))
    return [row.sscc for row in rows]


def test_new_containers_are_numbered_one_after_the_other(numbering: Plant) -> None:
    made = new(numbering, "P1", "P2", "P3", numbered=True)
    assert [row.sscc for row in made] == [gs1.sscc(3, PREFIX, n) for n in (1, 2, 3)]
    assert [row.sscc for row in new(numbering, "P4", numbered=True)] == [gs1.sscc(3, PREFIX, 4)]


def test_a_container_gets_its_number_later_and_only_once(numbering: Plant) -> None:
    first, second = new(numbering, "P1", "P2")
    assert number(numbering, second, first) == [gs1.sscc(3, PREFIX, n) for n in (1, 2)]
    assert Container.objects.get(code="P2").sscc == gs1.sscc(3, PREFIX, 1)
    entry = AuditEntry.objects.filter(action="inventory.number_container").get(subject="P2")
    assert entry.changes == {"sscc": ["", gs1.sscc(3, PREFIX, 1)]}
    with refused("numbered_already"):
        number(numbering, first)


def test_the_same_container_twice_in_a_request_is_refused(numbering: Plant) -> None:
    [container] = new(numbering, "P1")
    with refused("numbered_already"):
        number(numbering, container, container)
    assert not SsccSeries.objects.exists()


def test_without_a_prefix_there_are_no_numbers(plant: Plant) -> None:
    with refused("no_gs1_prefix"):
        new(plant, "P1", numbered=True)
    [container] = new(plant, "P1")
    with refused("no_gs1_prefix"):
        number(plant, container)


def test_numbers_that_came_from_elsewhere_are_passed_over(numbering: Plant) -> None:
    for serial in (1, 2, 4):
        new(numbering, f"OLD{serial}", sscc=gs1.sscc(3, PREFIX, serial))
    made = new(numbering, "P1", "P2", "P3", numbered=True)
    assert [row.sscc for row in made] == [gs1.sscc(3, PREFIX, n) for n in (3, 5, 6)]
    assert SsccSeries.objects.get().next_serial == 7


def test_sites_of_one_prefix_share_its_series(numbering: Plant) -> None:
    other = Plant(SiteFactory())
    _prefix(other.site)
    numbers = [new(plant, code, numbered=True)[0].sscc for plant, code in
               ((numbering, "P1"), (other, "P2"), (numbering, "P3"))]  # fmt: skip
    assert numbers == [gs1.sscc(3, PREFIX, n) for n in (1, 2, 3)]


def test_a_series_ends(numbering: Plant) -> None:
    _prefix(numbering.site, "952123456789", 0)
    SsccSeries.objects.create(prefix="952123456789", extension=0, next_serial=9998)
    assert new(numbering, "P1", "P2", numbered=True)[1].sscc == gs1.sscc(0, "952123456789", 9999)
    with refused("sscc_exhausted"):
        new(numbering, "P3", numbered=True)


def test_a_series_is_set_forward_and_never_back(numbering: Plant) -> None:
    new(numbering, "P1", numbered=True)
    series = SsccSeries.objects.get()
    series.next_serial = 5000
    save_master(series, by=numbering.operator, at=timezone.now(), reason="from the old system")
    assert new(numbering, "P2", numbered=True)[0].sscc == gs1.sscc(3, PREFIX, 5000)
    series.next_serial = 10
    with refused("series_goes_back"):
        save_master(series, by=numbering.operator, at=timezone.now(), reason="slip")


@pytest.mark.postgres  # on SQLite, an insert of many rows is several
def test_many_take_as_many_statements_as_one(numbering: Plant) -> None:
    some = new(numbering, *(f"P{n}" for n in range(302)))
    number(numbering, some[0])
    with CaptureQueriesContext(connection) as one:
        number(numbering, some[1])
    with CaptureQueriesContext(connection) as many:
        number(numbering, *some[2:])
    assert len(many) == len(one) <= 12


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_eight_at_once_never_get_the_same() -> None:
    plant = Plant()
    _prefix(plant.site)
    start, failures = threading.Barrier(8), []

    def take(who: int) -> None:
        try:
            start.wait(60)
            for n in range(5):
                new(plant, f"T{who}-{n}", f"T{who}-{n}b", numbered=True)
        except Exception as error:
            failures.append(error)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=take, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    numbers = list(Container.objects.values_list("sscc", flat=True))
    assert sorted(numbers) == [gs1.sscc(3, PREFIX, n) for n in range(1, 81)]
