"""GS1 numbers of materials, containers and places: kept, imported, shown and checked."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from inventory.actions import save_master
from inventory.check_digits import check_digit, gtin_forms, is_checked, is_pair_checked
from inventory.models import Location
from tests.factories import LocationFactory, MaterialFactory
from tests.plant import Plant

GLN = "9520123456788"


@pytest.mark.parametrize(
    "number", ["96385074", "036000291452", "9501101530003", "09501101530003", "106141412345678908"]
)
def test_check_digits(number: str) -> None:
    assert is_checked(number)
    assert check_digit(number[:-1]) == number[-1]
    others = (f"{number[:-1]}{digit}" for digit in "0123456789" if digit != number[-1])
    assert not any(is_checked(other) for other in others)


@pytest.mark.parametrize("text", ["", "5", "12345 70", "٣٣٣٣٣٣٣٣", "abc"])
def test_what_has_no_check_digit(text: str) -> None:
    assert not is_checked(text)
    assert not is_pair_checked("A")


def test_forms_of_a_gtin() -> None:
    assert gtin_forms("09501101530003") == ["09501101530003", "9501101530003"]
    assert gtin_forms("96385074")[-1] == "96385074"
    assert gtin_forms("19501101530000") == ["19501101530000"]


@pytest.mark.django_db
@pytest.mark.parametrize("gtin", ["9501101530004", "96385075"])
def test_a_material_with_a_mistyped_gtin(plant: Plant, gtin: str) -> None:
    with pytest.raises(ValidationError) as caught:
        MaterialFactory(gtin=gtin)
    assert caught.value.error_dict["gtin"][0].code == "bad_check_digit"


@pytest.mark.django_db
def test_a_place_has_a_gln(plant: Plant) -> None:
    LocationFactory(site=plant.site, gln=GLN, gln_extension="LANE-1")
    LocationFactory(site=plant.site, gln=GLN)  # the whole of it
    with pytest.raises(ValidationError):
        LocationFactory(site=plant.site, gln=GLN, gln_extension="LANE-1")
    with pytest.raises(ValidationError):
        LocationFactory(site=plant.site, gln_extension="LANE-2")
    with pytest.raises(ValidationError) as caught:
        LocationFactory(site=plant.site, gln="9520123456780")
    assert caught.value.error_dict["gln"][0].code == "bad_check_digit"


@pytest.mark.django_db
def test_the_database_holds_it_too(plant: Plant) -> None:
    Location.objects.filter(pk=plant.l1.pk).update(gln=GLN)
    for wrong in ({"gln": GLN}, {"gln_extension": "X"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Location.objects.filter(pk=plant.l2.pk).update(**wrong)


@pytest.mark.django_db
def test_a_gln_is_changed_with_its_history(plant: Plant) -> None:
    place = Location.objects.get(pk=plant.l1.pk)
    place.gln = GLN
    save_master(place, by=plant.operator, at=plant.now)
    assert Location.objects.get(gln=GLN) == place
