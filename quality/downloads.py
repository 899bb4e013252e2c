"""Give an attachment out, on whatever surface."""

from django.http import FileResponse

from quality.actions.attachments import open_whole
from quality.models import Attachment


def download(attachment: Attachment) -> FileResponse:
    """The file to be saved, never to be opened in the page. Refuses `attachment_damaged`."""
    return FileResponse(
        open_whole(attachment),
        as_attachment=True,
        filename=attachment.name,
        content_type=attachment.content_type,
        headers={"X-Content-Type-Options": "nosniff"},
    )
