"""Names as URIs, both ways."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from integration.epcis import ids
from integration.epcis.identifiers import (
    Format,
    Names,
    code_of,
    reference_of,
    transaction,
    transformation,
)
from inventory import scanning
from inventory.check_digits import check_digit
from inventory.models import Container, Location, Lot, Material
from tests.epcis.standard import _is_uri

CSET_82 = string.ascii_letters + string.digits + "!\"%&'()*+,-./:;<=>?_"
texts = st.text(CSET_82, min_size=1, max_size=20)
BOTH = [Names(), Names(Format.URNS, ["9521141", "952"])]


def keyed(body: str) -> str:
    return body + check_digit(body)


@pytest.mark.parametrize("names", BOTH, ids=["links", "urns"])
@settings_of(max_examples=40)
@given(tail=st.text("0123456789", min_size=9, max_size=9), number=texts, serial=st.booleans())
def test_trade_items_come_back(names: Names, tail: str, number: str, serial: bool) -> None:
    gtin = keyed(f"0952{tail}")
    material = Material(code="M", gtin=gtin, tracking="serial" if serial else "lot")
    uri = names.lot(Lot(material=material, number=number))
    scan = scanning.read(code_of(uri))
    assert _is_uri(uri)
    assert uri.startswith("urn:epc:") == bool(names.prefixes)
    assert (scan.gtin, scan.serial if serial else scan.lot_number) == (gtin, number)
    assert scanning.read(code_of(names.material(material))).gtin == gtin


@pytest.mark.parametrize("names", BOTH, ids=["links", "urns"])
@settings_of(max_examples=40)
@given(tail=st.text("0123456789", min_size=13, max_size=13), extension=texts | st.just(""))
def test_containers_and_places_come_back(names: Names, tail: str, extension: str) -> None:
    sscc, gln = keyed(f"3952{tail}"), keyed(f"952{tail[:9]}")
    extension = "" if extension == "0" else extension  # what a URN says for none
    assert scanning.read(code_of(names.container(Container(sscc=sscc)))).sscc == sscc
    scan = scanning.read(code_of(names.location(Location(gln=gln, gln_extension=extension))))
    assert (scan.location_gln, scan.gln_extension) == (gln, extension)


@settings_of(max_examples=40)
@given(code=st.text(min_size=1, max_size=60).filter(lambda text: "\x00" not in text))
def test_what_has_no_key_comes_back(code: str) -> None:
    """Whatever a lot number holds: it goes into a URI, and comes out as it was."""
    if "\ud800" <= max(code) <= "\udfff":
        return
    uri = Names().lot(Lot(material=Material(code="M-1"), number=code))
    assert _is_uri(uri)
    assert code_of(uri) == f"M-1/{code}"
    assert reference_of(transaction(code)) == code


def test_below_the_companys_number(settings: Any) -> None:
    settings.EPCIS_GLN = "9521141000006"
    assert transaction("PO 1") == "urn:epcglobal:cbv:bt:9521141000006:PO%201"
    assert reference_of(transformation("MO:5/6")) == "MO:5/6"
    assert Names(Format.URNS, ["9521141"]).party("9521141000006", "X").startswith("urn:epc:id:pgln")


@settings_of(max_examples=40)
@given(stream=st.integers(1, 4095), number=st.integers(1, 2**62 - 1))
def test_event_ids_lead_back(stream: int, number: int) -> None:
    found = ids.event_id(stream, number)
    assert ids.record_of(found) == (stream, number)


def test_event_ids_stay_the_same() -> None:
    """For ever: partners keep them. They are of this installation."""
    assert ids.event_id(1, 17) == "urn:uuid:4c15c960-6954-8001-8000-000000000011"
    for other in ("urn:uuid:5c15c960-6954-8001-8000-000000000011", "urn:uuid:x", "ni:///x"):
        assert ids.record_of(other) is None
