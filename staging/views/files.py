"""Files that are written while they are sent."""

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils import timezone


def csv_file(name: str, lines: Iterator[str]) -> StreamingHttpResponse:
    """The lines as a file to be saved, named after what it holds and when it was made."""
    file = f"forestage-{name}-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{file}"',
            "Cache-Control": "no-store",
        },
    )
