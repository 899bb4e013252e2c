"""The pool hands out no connection that PostgreSQL has ended."""

import pytest
from django.db import OperationalError, connection, connections

from config.postgresql.base import has_ended

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_connection_that_was_ended_while_idle_is_not_handed_out() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    idle = connection.connection
    assert not has_ended(idle)
    connection.close()  # back to the pool
    other = connections.create_connection("default")
    other.settings_dict = {**other.settings_dict, "OPTIONS": {}}  # one beside the pool
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    assert has_ended(idle)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] != pid


def test_one_that_ends_in_use_still_fails() -> None:
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    connection.close()
