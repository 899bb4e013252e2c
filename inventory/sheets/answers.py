"""A list as the answer to a request."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone, translation

from inventory import audit
from inventory.audit import Actor
from inventory.one_moment import as_it_was
from inventory.sheets.bounds import in_time, within_bounds
from inventory.sheets.columns import CONTENT_TYPES, Column, FileType, Sheet
from inventory.sheets.csv import Part, csv_parts
from inventory.sheets.recorded import accounted
from inventory.sheets.xlsx import xlsx_parts


def answer(
    sheet: Sheet,
    kind: FileType,
    *,
    for_people: bool,
    by: Actor | None = None,
    facts: dict[str, Any] | None = None,
) -> StreamingHttpResponse:
    """The list as a file. Refuses `export_too_large`.

    People get headings in their language, programs the columns' names. With `by` it is recorded
    that the file left, with `facts` beside its name.
    """
    if sheet.found is not None:
        within_bounds(sheet.found)
    stamp = audit.stamp(by, timezone.now()) if by else None
    name = named(sheet.name, kind, stamp.recorded_at if stamp else timezone.now())
    parts = written(sheet, kind, for_people=for_people)
    content: Iterator[bytes]
    if stamp:
        told = {"file": name, "records": sheet.name, "format": str(kind)} | (facts or {})
        content = accounted(parts, stamp, told)
    else:
        content = _content(parts)
    return as_download(content, name, CONTENT_TYPES[kind])


def as_download(content: Iterator[bytes], name: str, content_type: str) -> StreamingHttpResponse:
    """What is written while it is sent, to be saved under a name."""
    return StreamingHttpResponse(
        content,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def named(name: str, ending: str, at: datetime) -> str:
    """A file's name: what it holds, and when it was made (UTC)."""
    return f"forestage-{name}-{at:%Y%m%dT%H%M%SZ}.{ending}"


def written(sheet: Sheet, kind: FileType, *, for_people: bool) -> Iterator[Part]:
    """The file. On PostgreSQL all of it is as it was at one moment."""
    language, zone = translation.get_language(), sheet.zone or timezone.get_current_timezone()
    headings = [_heading(column, for_people=for_people) for column in sheet.columns]
    write = csv_parts if kind == FileType.CSV else xlsx_parts
    return _written(sheet, write, headings, language, zone)


def _written(
    sheet: Sheet, write: Any, headings: list[str], language: str | None, zone: Any
) -> Iterator[Part]:
    # The answer is read when the request's own language and zone are no longer in force.
    with as_it_was(), translation.override(language), timezone.override(zone):
        yield from write(headings, in_time(sheet.rows()))


def _heading(column: Column, *, for_people: bool) -> str:
    return str(column.label) if for_people else column.name


def _content(parts: Iterator[Part]) -> Iterator[bytes]:
    with closing(parts):  # type: ignore[type-var]  # a generator
        for chunk, _rows in parts:
            if chunk:
                yield chunk


def wanted(value: str) -> FileType | None:
    """The kind of file that an address asks for, if it is one."""
    return FileType(value) if value in FileType.values else None
