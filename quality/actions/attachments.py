"""Keep files with a lot, and give them out unchanged."""

import codecs
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import PurePath
from typing import NamedTuple

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import attempts, audit
from inventory.actions.common import lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Lot
from quality.models import Attachment, Inspection

PERMISSION = "quality.attach_file"
HEAD = 8
"""Bytes at the beginning that tell a picture or a PDF."""
LONGEST_NAME = Attachment._meta.get_field("name").max_length or 0

MAGIC = {
    "application/pdf": b"%PDF-",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}
ENDINGS = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".csv": "text/csv",
    ".txt": "text/plain",
}
"""What may be attached: the name has to say what the content is."""
CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r")) + b"\x7f"


class Examined(NamedTuple):
    """What a file turned out to be."""

    name: str
    content_type: str
    size: int
    sha256: str


def attach(
    *,
    lot: Lot,
    file: File[bytes],
    inspection: Inspection | None = None,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> Attachment:
    """Keep a file with a lot, and with one of its inspections; `reason` says what it is.

    The same file sent again for the same is kept once. A refused attempt is recorded.

    Refuses `attachment_too_large`, `attachment_type_refused`, `attachment_empty` and
    `inspection_of_other_lot`.
    """
    with refusals_kept(lot, file, by=by, at=at):
        return keep(lot=lot, file=file, inspection=inspection, reason=reason, by=by, at=at)


def keep(
    *,
    lot: Lot,
    file: File[bytes],
    inspection: Inspection | None = None,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> Attachment:
    """As `attach`, for who records what is refused."""
    return _keep(lot, examine(file), file, inspection, audit.stamp(by, at, reason))


def record_refused(
    lot: Lot, file: File[bytes], refusal: Refused, *, by: Actor, at: datetime
) -> None:
    """Keep that somebody tried to attach the file."""
    asked: attempts.Asked = {"lot": [lot], "file": [PurePath(file.name or "").name]}
    attempts.record(PERMISSION, [(asked, refusal)], by=by, at=at)


@contextmanager
def files_follow(made: list[Attachment], *, kept: bool) -> Iterator[None]:
    """Unless it is `kept`, what a transaction inside has `made` leaves no file behind either."""
    try:
        yield
    except BaseException:
        kept = False
        raise
    finally:
        for row in [] if kept else made:
            if not Attachment.objects.filter(pk=row.pk).exists():  # not one that there was already
                row.file.storage.delete(row.file.name or "")


@contextmanager
def refusals_kept(lot: Lot, file: File[bytes], *, by: Actor, at: datetime) -> Iterator[None]:
    """What is refused in here is an attempt to attach the file to the lot."""
    try:
        yield
    except Refused as refusal:
        record_refused(lot, file, refusal, by=by, at=at)
        raise


def examine(file: File[bytes]) -> Examined:
    """Look at a file's name and content.

    Refuses `attachment_too_large`, `attachment_type_refused` and `attachment_empty`.
    """
    check_size(file.size)
    name = PurePath((file.name or "").replace("\\", "/")).name
    wanted = ENDINGS.get(PurePath(name).suffix.lower())
    if wanted is None or not _is(wanted, file) or len(name) > LONGEST_NAME:
        raise Refused(
            _("“%(name)s” is not a file that can be kept."),
            code="attachment_type_refused",
            field="file",
            hint=_(
                "Send a PDF, PNG, JPEG, or a CSV or text file in UTF-8, under a name that says so."
            ),
            name=name[:LONGEST_NAME],
        )
    return Examined(name, wanted, file.size, digest_of(file))


def _is(content_type: str, file: File[bytes]) -> bool:
    """Whether the content is what the name says."""
    if content_type.startswith("text/"):
        return _is_text(_chunks(file))
    file.seek(0)
    head: bytes = file.read(HEAD)
    return head.startswith(MAGIC[content_type])


def check_size(size: int) -> None:
    """Refuse `attachment_empty` and `attachment_too_large`. In bytes."""
    if size == 0:
        raise Refused(
            _("The file is empty."), code="attachment_empty", field="file",
            hint=_("Choose the file again."),
        )  # fmt: skip
    if size > settings.ATTACHMENT_BYTES:
        raise Refused(
            _("The file has more than %(most)s bytes."),
            code="attachment_too_large",
            field="file",
            hint=_("Send a smaller one, such as a scan in lower resolution."),
            most=settings.ATTACHMENT_BYTES,
        )


def _is_text(chunks: Iterable[bytes]) -> bool:
    """Whether the chunks are, together, text in UTF-8 without control characters."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in chunks:
            decoder.decode(chunk)
            if chunk.translate(None, CONTROLS) != chunk:
                return False
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _chunks(file: File[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(File.DEFAULT_CHUNK_SIZE):
        yield chunk


def digest_of(file: File[bytes]) -> str:
    """SHA-256 of the content."""
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


@transaction.atomic
def _keep(
    lot: Lot, found: Examined, file: File[bytes], inspection: Inspection | None, stamp: audit.Stamp
) -> Attachment:
    lot = lock_lots([lot])[lot.pk]
    if inspection is not None and inspection.lot_id != lot.pk:
        raise Refused(
            _("The inspection is of another lot."),
            code="inspection_of_other_lot",
            field="inspection",
            hint=_("Name the lot's own inspection, or none."),
        )
    same = Attachment.objects.filter(
        lot=lot, inspection=inspection, sha256=found.sha256, name=found.name
    )
    if kept := same.first():
        return kept
    attachment = Attachment(lot=lot, inspection=inspection, **found._asdict(), **stamp.columns())
    file.seek(0)
    # Before the row: a row never names a file that is not there.
    attachment.file.save(found.name, file, save=False)
    try:
        attachment.save()
        audit.record(
            "quality.attach_file",
            stamp=stamp,
            subject=lot,
            facts={"file": found.name, "sha256": found.sha256, "bytes": found.size}
            | ({"inspection": inspection.pk} if inspection else {}),
        )
    except Exception:
        attachment.file.storage.delete(attachment.file.name or "")
        raise
    return attachment


def open_whole(attachment: Attachment) -> File[bytes]:
    """The file, once it has shown itself to be the one that was attached.

    Refuses `attachment_damaged`: it is gone, or its content is another.
    """
    try:
        file: File[bytes] = attachment.file.open("rb")
    except OSError:
        raise _damaged(attachment) from None
    if digest_of(file) != attachment.sha256:
        file.close()
        raise _damaged(attachment)
    file.seek(0)
    return file


def _damaged(attachment: Attachment) -> Refused:
    return Refused(
        _("“%(name)s” is not any more what was attached."),
        code="attachment_damaged",
        hint=_("Have it restored from the backup: its SHA-256 must be %(digest)s.")
        % {"digest": attachment.sha256},
        name=attachment.name,
    )
