"""Names of things as URIs: GS1 keys where there are any, else the installation's own.

GS1 keys are written as Digital Links, or as EPC URNs where that is asked for and the company
prefix is known: a URN says where the prefix ends, which a key alone does not. What has no key gets
a URI below `EPCIS_URI`. All forms are read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote

from django.conf import settings

from inventory import gs1
from inventory.check_digits import check_digit, is_digits
from inventory.models import Container, Location, Lot, Material, Site, Tracking

LINK = "https://id.gs1.org"
_TRADE_ITEM = re.compile(r"/01/\d+$")
_URN_SAFE = "!'()*+,-.:;=_"
_OWN_BATCH, _OWN_SERIAL = "10", "21"


class Format(StrEnum):
    """How GS1 keys are written: the values of the header `GS1-EPC-Format`."""

    LINKS = "Always_GS1_Digital_Link"
    URNS = "Always_EPC_URN"
    ANY = "No_Preference"
    AS_IS = "Never_Translates"


@dataclass(frozen=True, slots=True)
class Names:
    """Writes URIs. `prefixes` are the company prefixes that are known, for URNs."""

    format: Format = Format.LINKS
    prefixes: Sequence[str] = ()

    @classmethod
    def of(cls, chosen: Format) -> "Names":
        """With the prefixes of our sites, where the format needs them. One statement then."""
        if chosen != Format.URNS:
            return cls(chosen)
        known = Site.objects.exclude(gs1_prefix="").values_list("gs1_prefix", flat=True)
        return cls(chosen, sorted(set(known.order_by()), key=len, reverse=True))

    def lot(self, lot: Lot) -> str:
        """An EPC class for a lot, an EPC for a serial number."""
        material, gtin = lot.material, gs1.gtin14(lot.material.gtin)
        if not gtin or not gs1.is_text(lot.number):
            return own("lot", material.code, lot.number)
        serial = material.tracking == Tracking.SERIAL
        item = self._item(gtin)
        if item:
            scheme = "id:sgtin" if serial else "class:lgtin"
            return f"urn:epc:{scheme}:{item}.{quote(lot.number, safe=_URN_SAFE)}"
        qualifier = _OWN_SERIAL if serial else _OWN_BATCH
        return f"{LINK}/01/{gtin}/{qualifier}/{quote(lot.number, safe='')}"

    def material(self, material: Material) -> str:
        """The class of all lots of a material."""
        gtin = gs1.gtin14(material.gtin)
        if not gtin:
            return own("material", material.code)
        item = self._item(gtin)
        return f"urn:epc:idpat:sgtin:{item}.*" if item else f"{LINK}/01/{gtin}"

    def container(self, container: Container) -> str:
        sscc = container.sscc
        if not sscc:
            return own("container", container.code)
        if prefix := self._prefix(sscc[1:]):
            return f"urn:epc:id:sscc:{prefix}.{sscc[0]}{sscc[1 + len(prefix) : 17]}"
        return f"{LINK}/00/{sscc}"

    def location(self, place: Location) -> str:
        if not place.gln:
            return own("location", place.code)
        if prefix := self._prefix(place.gln):
            extension = quote(place.gln_extension, safe=_URN_SAFE) or "0"
            return f"urn:epc:id:sgln:{prefix}.{place.gln[len(prefix) : 12]}.{extension}"
        extension = f"/254/{quote(place.gln_extension, safe='')}" if place.gln_extension else ""
        return f"{LINK}/414/{place.gln}{extension}"

    def party(self, gln: str, code: str) -> str:
        """Who holds goods: by a GLN, else by the code of site or customer."""
        if not gln:
            return own("party", code)
        if prefix := self._prefix(gln):
            return f"urn:epc:id:pgln:{prefix}.{gln[len(prefix) : 12]}"
        return f"{LINK}/417/{gln}"

    def _item(self, gtin: str) -> str:
        """`prefix.indicator+item`, the middle of an SGTIN; '' without a known prefix."""
        prefix = self._prefix(gtin[1:])
        return f"{prefix}.{gtin[0]}{gtin[1 + len(prefix) : 13]}" if prefix else ""

    def _prefix(self, digits: str) -> str:
        return next((prefix for prefix in self.prefixes if digits.startswith(prefix)), "")


def own(kind: str, *words: str) -> str:
    """A URI of the installation's own."""
    return "/".join([f"{settings.EPCIS_URI}/{kind}", *(quote(word, safe="") for word in words)])


def transaction(reference: str) -> str:
    """A business transaction: below the company's GLN where it has one."""
    return _cbv("bt", reference) or own("bt", reference)


def transformation(reference: str) -> str:
    return _cbv("xform", reference) or own("transformation", reference)


def _cbv(kind: str, reference: str) -> str:
    gln = settings.EPCIS_GLN
    return f"urn:epcglobal:cbv:{kind}:{gln}:{quote(reference, safe=_URN_SAFE)}" if gln else ""


def reference_of(uri: str) -> str:
    """The reference of a business transaction or transformation, whosever it is; a text that is no
    URI is one itself."""
    if uri.startswith("urn:epcglobal:cbv:"):
        return unquote(uri.split(":", 5)[-1])
    for kind in ("bt", "transformation"):
        if found := own_words(uri, kind):
            return "/".join(found)
    last = uri.rsplit("/", 1)[-1] if "://" in uri else uri.rsplit(":", 1)[-1]
    return unquote(last)


def code_of(uri: str) -> str:
    """What `inventory.codes` looks up: a Digital Link for an EPC URN, our own code for a URI of
    ours, anything else as it is. '' for a URN that is none."""
    if uri.startswith("urn:epc:"):
        return _link_of(uri)
    if uri.startswith(f"{settings.EPCIS_URI}/"):
        for kind in ("lot", "material", "container", "location"):
            if found := own_words(uri, kind):
                return "/".join(found)
        return ""
    return uri


def is_material(uri: str) -> bool:
    """Whether it names a material and no lot of it, which a label does besides."""
    return bool(own_words(uri, "material") or _TRADE_ITEM.search(code_of(uri)))


def own_words(uri: str, kind: str) -> list[str]:
    start = f"{settings.EPCIS_URI}/{kind}/"
    return [unquote(word) for word in uri.removeprefix(start).split("/")] * uri.startswith(start)


def _link_of(uri: str) -> str:
    kind, _colon, named = uri.removeprefix("urn:epc:").partition(":")
    scheme, _colon, body = named.partition(":")
    scheme = f"{kind}:{scheme}"
    parts = body.split(".", 2)
    if len(parts) < 2 or not all(is_digits(part) for part in parts[:2]):
        return ""
    prefix, middle, rest = parts[0], parts[1], unquote(parts[2]) if len(parts) > 2 else ""
    if scheme in ("class:lgtin", "id:sgtin", "idpat:sgtin"):
        return _trade_item(_checked(f"{middle[0]}{prefix}{middle[1:]}", 14), scheme, rest)
    if scheme == "id:sscc":
        number = _checked(f"{middle[0]}{prefix}{middle[1:]}", 18)
        return number and f"{LINK}/00/{number}"
    if scheme == "id:sgln":
        number = _checked(f"{prefix}{middle}", 13)
        extension = f"/254/{quote(rest, safe='')}" if rest not in ("", "0") else ""
        return number and f"{LINK}/414/{number}{extension}"
    return ""


def _trade_item(gtin: str, scheme: str, rest: str) -> str:
    if not gtin or rest in ("", "*"):
        return gtin and f"{LINK}/01/{gtin}"
    qualifier = _OWN_BATCH if scheme == "class:lgtin" else _OWN_SERIAL
    return f"{LINK}/01/{gtin}/{qualifier}/{quote(rest, safe='')}"


def _checked(digits: str, length: int) -> str:
    """With its check digit; '' if it has not the length that it should."""
    return digits + check_digit(digits) if len(digits) == length - 1 else ""
