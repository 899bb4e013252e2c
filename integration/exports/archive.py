"""A ZIP that is written while it is sent."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from inventory.sheets.csv import Part


class _Sink:
    """Takes what the ZIP writes, until it is fetched. It cannot go back: sizes stand behind."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self.waiting.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """All is here already."""

    def fetch(self) -> bytes:
        content = b"".join(self.waiting)
        self.waiting.clear()
        return content


class Archive:
    """Members are added one after the other; each yields what the ZIP has written meanwhile."""

    def __init__(self, at: datetime) -> None:
        self.sink = _Sink()
        self.zip = ZipFile(self.sink, "w", ZIP_DEFLATED, allowZip64=True)  # type: ignore[call-overload]
        self.at = at.astimezone(UTC)
        self.rows = 0
        self.members: dict[str, dict[str, int | str]] = {}

    def add(self, name: str, parts: Iterator[Part]) -> Iterator[Part]:
        """A file. How long it is and its digest are known, by its name, once it is written."""
        info = ZipInfo(name, self.at.timetuple()[:6])
        info.compress_type, info.external_attr = ZIP_DEFLATED, 0o644 << 16
        digest, size, before = sha256(), 0, self.rows
        with self.zip.open(info, "w", force_zip64=True) as member:
            for piece, rows in parts:
                member.write(piece)
                digest.update(piece)
                size += len(piece)
                self.rows = before + rows
                yield self.sink.fetch(), self.rows
        self.members[name] = {
            "rows": self.rows - before, "bytes": size, "sha256": digest.hexdigest(),
        }  # fmt: skip
        yield self.sink.fetch(), self.rows

    def finish(self) -> Part:
        """The end of the ZIP."""
        self.zip.close()
        return self.sink.fetch(), self.rows
