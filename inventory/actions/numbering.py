"""SSCCs: given out from the company prefix of the site where a container stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from inventory import audit, gs1, preconditions
from inventory.actions.common import each, lock_named
from inventory.audit import Actor, Entry
from inventory.errors import Refused
from inventory.fields import About
from inventory.models import Container, Site, SsccSeries

AT_LEAST = 100
"""Serial numbers looked at in one go once some were found to be in use."""


ContainerField = Annotated[Container, About(_("Container"), _("Scan the container."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """A container that is to have an SSCC."""

    container: ContainerField


@transaction.atomic
def number_container(*, lines: Sequence[Numbering], by: Actor, at: datetime) -> list[Container]:
    """Give containers SSCCs (GS1 General Specifications 3.3.1) that nothing has had before.

    Refuses `numbered_already`, `no_gs1_prefix`, `sscc_exhausted`.
    """
    stamp = audit.stamp(by, at)
    lines = lock_named(lines)
    containers = [line.container for line in lines]
    preconditions.locked(containers)
    prefetch_related_objects(containers, "location__site")
    seen: set[int] = set()
    each(lines, lambda line, _index: _check(line.container, seen))
    numbers = allot([container.location.site for container in containers])
    for container, number in zip(containers, numbers, strict=True):
        container.sscc = number
    Container.objects.bulk_create(  # as `move_container` does, and for the same reason
        containers, update_conflicts=True, unique_fields=["id"], update_fields=["sscc"]
    )
    entries = [Entry(subject=row, changes={"sscc": ["", row.sscc]}) for row in containers]
    audit.record_many("inventory.number_container", entries, stamp=stamp)
    return containers


def _check(container: Container, seen: set[int]) -> None:
    if container.sscc or container.pk in seen:
        raise Refused(
            _("%(container)s has an SSCC already."),
            code="numbered_already",
            field="container",
            hint=_("Print its label; an SSCC stays with a container."),
            container=container,
        )
    seen.add(container.pk)
    require_prefix(container.location.site, field="container")


def require_prefix(site: Site, *, field: str) -> None:
    """Refuse `no_gs1_prefix`."""
    if not site.gs1_prefix:
        raise Refused(
            _("%(site)s has no GS1 company prefix."),
            code="no_gs1_prefix",
            field=field,
            hint=_("A supervisor enters it with the site, in the admin."),
            site=site,
        )


def allot(sites: Sequence[Site]) -> list[str]:
    """An SSCC for each of the sites named, in their order. Call it in a transaction: the series
    stay locked until its end, so that no number is given out twice, and none is lost if it fails.

    Refuses `sscc_exhausted`.
    """
    leads = [(site.gs1_prefix, site.sscc_extension) for site in sites]
    stocks = {lead: iter(_take(_locked(*lead), leads.count(lead))) for lead in sorted(set(leads))}
    return [next(stocks[lead]) for lead in leads]


def _locked(prefix: str, extension: int) -> SsccSeries:
    row = SsccSeries(prefix=prefix, extension=extension)
    SsccSeries.objects.bulk_create([row], ignore_conflicts=True)
    rows = SsccSeries.objects.select_for_update(no_key=True)
    return rows.get(prefix=prefix, extension=extension)


def _take(series: SsccSeries, count: int) -> list[str]:
    """So many numbers, past those that containers have from elsewhere."""
    found: list[str] = []
    looked = False
    while len(found) < count:
        wanted = count - len(found)
        serials = _ahead(series, max(wanted, AT_LEAST) if looked else wanted)
        looked = True
        numbers = {gs1.sscc(series.extension, series.prefix, serial): serial for serial in serials}
        taken = set(Container.objects.filter(sscc__in=numbers).values_list("sscc", flat=True))
        free = [number for number in numbers if number not in taken]
        found += free[:wanted]
        series.next_serial = 1 + (numbers[found[-1]] if len(free) >= wanted else serials[-1])
    series.save(update_fields=["next_serial"])
    return found


def _ahead(series: SsccSeries, count: int) -> range:
    first, room = series.next_serial, gs1.serials_of(series.prefix)
    if first >= room:
        raise Refused(
            _("The prefix %(prefix)s has no numbers left with the extension digit %(digit)s."),
            code="sscc_exhausted",
            field="container",
            hint=_("Let the site use another extension digit."),
            prefix=series.prefix,
            digit=series.extension,
        )
    return range(first, min(first + count, room))
