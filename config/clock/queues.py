"""How much waits in the broker's queues, and whether it answers at all."""

from pathlib import Path
from typing import Any

from config.celery import app
from inventory.background import QUEUES


def depths() -> dict[str, int] | None:
    """The messages that wait in each queue; None where the broker does not answer."""
    options = dict(app.conf.broker_transport_options or {})
    if (folder := options.get("data_folder_out")) and not Path(folder).is_dir():
        return None
    if not folder:
        options |= {"socket_connect_timeout": 1, "socket_timeout": 1}
    try:
        with app.connection_for_write(transport_options=options) as link:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=2)
            channel: Any = link.default_channel
            # Not by declaring them: what is empty does not exist for Redis, and that is an error.
            return {queue: channel._size(queue) for queue in QUEUES}
    except Exception:  # every transport raises its own
        return None
