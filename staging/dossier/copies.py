"""Copies of a dossier: what each says of itself, its checksum, and that it was given out."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.utils import timezone

from inventory import audit, sites
from inventory.audit import Actor
from inventory.models import Lot
from inventory.one_moment import one_moment
from inventory.seals.content import moment
from quality.seen import canonical, digest_of
from staging.dossier.content import GIVEN_OUT, content
from staging.dossier.plain import who
from staging.dossier.sections import Section, sections

READS = ("inventory.view_lot", "inventory.view_auditentry", "inventory.view_refusedattempt")
"""What it asks for: it holds the audit trail and the refused attempts of the lot."""

CHECKSUM = "SHA-256 of `dossier` as JSON: keys in order, no blanks, UTF-8"
"""How the checksum is made, as the electronic copy says it."""


@dataclass(frozen=True)
class Copy:
    """A dossier as it was at a moment, for a person. Its checksum covers the content alone: page,
    PDF and electronic copy of the same content bear the same."""

    lot: Lot
    by: Actor
    at: datetime
    content: dict[str, Any]

    @cached_property
    def sha256(self) -> str:
        return digest_of(canonical(self.content))

    @property
    def issued(self) -> dict[str, str]:
        """For whom, when, from what."""
        return who(self.by.user) | {
            "at": moment(self.at),
            "zone": timezone.get_current_timezone_name(),
            "product": "Forestage",
            "version": product_version(),
        }

    @cached_property
    def sections(self) -> list[Section]:
        return sections(self.content, timezone.localtime(self.at))

    def name(self, ending: str) -> str:
        """A file name without anything that a file system could take amiss."""
        code = "".join(one if one.isalnum() and one.isascii() else "-" for one in self.lot.code)
        return f"lot-dossier-{code}-{self.at:%Y%m%dT%H%M%SZ}.{ending}"


def copy(lot: Lot, *, by: Actor, at: datetime) -> Copy:
    """Gather the dossier of a lot, all of it as it is at one moment."""
    with one_moment():
        lot = Lot.objects.select_related("material").get(pk=lot.pk)
        return Copy(lot, by, at, content(lot))


def require_whole(made: Copy) -> None:
    """Refuse `site_not_in_scope` if a part of it is of sites that its reader may not see: a dossier
    that leaves something out is none."""
    limit = sites.limit_of(made.by.user)
    if limit is None:
        return
    traces = made.content["genealogy"].values()
    links = [link for links in traces if isinstance(links, list) for link in links]
    codes = {made.lot.code, *(link[end] for link in links for end in ("near", "far"))}
    sites.require_whole(Lot.objects.filter(code__in=codes), made.by.user)
    if sites.tells(canonical(made.content), limit):
        raise sites.in_part()


def give_out(made: Copy, kind: str) -> None:
    """Put down that a copy leaves the house: for whom, of what kind, with which checksum."""
    facts = {"format": kind, "sha256": made.sha256, "version": made.issued["version"]}
    audit.record(GIVEN_OUT, stamp=audit.stamp(made.by, made.at), subject=made.lot, facts=facts)


def electronic(made: Copy) -> dict[str, Any]:
    """The electronic copy: everything, with what is needed to check it."""
    return {
        "dossier": made.content,
        "checksum": {"sha256": made.sha256, "of": CHECKSUM},
        "issued": made.issued,
    }


@lru_cache(maxsize=1)
def product_version() -> str:
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
