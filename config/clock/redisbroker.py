"""Celery's Redis broker, for a worker that outlives its Redis.

When the broker goes away while a task runs, kombu tries to give the task's message back through
the connection that it has just given up, meets its own `None`, and the worker ends with
"Unrecoverable error: AttributeError". Said as the connection error that it is, the worker logs it
and connects again. The message is delivered again when its visibility timeout has passed; if Redis
lost it, the next beat makes it good.
"""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as BrokerGone


class Channel(redis.Channel):
    """The Redis channel, honest about a connection that is gone."""

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection.client is None:
            raise BrokerGone("The connection to the broker has been given up.")
        parameters: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]
        return parameters


class Transport(redis.Transport):
    """What kombu loads for `redis://`, once `config.celery` has put it in place."""

    Channel = Channel
