"""Run an import: each file for itself, all in one transaction, kept or rolled back."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from integration.imports.kinds import Kind
from integration.imports.loading import Load
from integration.imports.planning import know_the_tables
from integration.imports.reading import LARGEST, read
from integration.imports.report import FileReport
from inventory import audit
from inventory.audit import Actor
from inventory.errors import Refused

MANY = 500
"""Rows from which on PostgreSQL had better look at the tables at once."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file and what takes it in. `headers` are our columns as the file calls them; `whole`
    where a part of it is never kept, `into` where it goes."""

    name: str
    load: Callable[[Load], None]
    headers: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    whole: bool = False
    into: str = ""


def job_of(
    kind: Kind, name: str, data: bytes, *, largest: int = LARGEST, most_rows: int | None = None,
    into: str = "",
) -> Job:  # fmt: skip
    """A file with our own headers. `largest` is in bytes; `into` says where a draft is filled."""

    def bring(load: Load) -> None:
        sheet = read(name, data, largest=largest)
        if most_rows is not None and len(sheet.records) > most_rows:
            raise _too_many(most_rows)
        kind.bring(sheet, load)

    digest = hashlib.sha256(data).hexdigest()
    return Job(name, bring, digest=digest, whole=kind.whole, into=into if kind.drafts else "")


def _too_many(most_rows: int) -> Refused:
    return Refused(
        _("The file has more than %(most)s rows."),
        code="too_many_rows",
        hint=_("Split it, or have it brought in on the server: manage.py import_csv."),
        most=most_rows,
    )


def run(
    jobs: Iterable[Job], *, commit: bool, all_or_nothing: bool, by: Actor, at: datetime
) -> list[FileReport]:
    """Take files in, in their order, and report on each.

    Without `commit` all of it is done and then rolled back, so a dry run says what would really
    happen. With `all_or_nothing` a file with a refused row leaves nothing behind.
    """
    with transaction.atomic():
        reports = [_take(job, all_or_nothing, by, at) for job in jobs]
        if not commit:
            transaction.set_rollback(True)
    if commit and sum(report.created + report.changed for report in reports) >= MANY:
        know_the_tables()
    return reports


def _take(job: Job, all_or_nothing: bool, by: Actor, at: datetime) -> FileReport:
    load = Load(by, at, FileReport(job.name, job.headers), job.into)
    with transaction.atomic():
        try:
            job.load(load)
        except Refused as refusal:
            load.report.refuse(None, refusal)
        if (all_or_nothing or job.whole) and load.report.refused:
            transaction.set_rollback(True)
            load.report.roll_back()
        elif load.report.created or load.report.changed:
            _record(job, load)
    return load.report


def _record(job: Job, load: Load) -> None:
    stamp = audit.stamp(load.by, load.at)
    facts = {"file": job.name, "sha256": job.digest, **load.report.counts()}
    audit.record("import.file", stamp=stamp, facts=facts)
