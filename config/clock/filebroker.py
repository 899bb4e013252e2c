"""Celery's filesystem broker, with messages that appear whole.

Kombu's own transport creates a message under its final name and then fills it. A worker that looks
in between reads an empty message, and stops on it. Here a message is written under another name
and then renamed, which is atomic. Only the embedded default uses this; production has Redis.
"""

import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """The filesystem channel, safe against a reader in the middle of a write."""

    def _put(  # type: ignore[override]  # the stubs contradict each other here
        self, queue: str, payload: dict[str, Any], **kwargs: Any
    ) -> None:
        """Put a message on a queue. Names sort by the time of day, across restarts too."""
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns()}_{uuid.uuid4()}.{queue}.msg"
        draft = folder / f"{name}.draft"
        draft.write_text(dumps(payload))
        draft.rename(folder / name)


class Transport(filesystem.Transport):
    """What kombu loads for `filesystem://`, once `config.celery` has put it in place."""

    Channel = Channel
