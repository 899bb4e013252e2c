"""Which tests run on PostgreSQL alone, and not on SQLite as well.

The core runs on both: ledger, gate, staging, clock, constraints, concurrency, and whatever else has
SQL, locks or triggers of its own. A surface translates and decides nothing, so its tests run once;
of these, again on SQLite run those that ask all pages and lists whether they answer, and those that
are about SQL after all: savepoints of partial and dry runs, locks of keys, versions of rows, order
and search. A new directory or file runs on both until it is named here.
"""

import pytest

from tests.standing import uses_database

SURFACES = (
    "tests/admin/",
    "tests/api/",
    "tests/browser/",
    "tests/contract/",
    "tests/exports/",
    "tests/labels/",
    "tests/test_access_report.py",
    "tests/test_dossier.py",
    "tests/test_filters.py",
    "tests/test_floor.py",
    "tests/test_forms.py",
    "tests/test_guided.py",
    "tests/test_import_admin.py",
    "tests/test_languages.py",
    "tests/test_live_boards.py",
    "tests/test_pages.py",
    "tests/test_record_keeping.py::test_a_stranger_gets_nowhere",
    "tests/test_record_keeping.py::test_who_has_no_role_gets_nowhere_in_the_admin",
    "tests/test_walls.py",
)

AGAIN = (
    "tests/admin/test_lists.py",
    "tests/api/test_conditions.py",
    "tests/api/test_dry_run.py",
    "tests/api/test_idempotency.py",
    "tests/api/test_pages_beside_writers.py",
    "tests/api/test_partial.py",
    "tests/api/test_resources.py::test_every_ordering_runs_through_all_pages_both_ways",
    "tests/contract/test_bad_input.py",  # a number too big for one database is none for the other
    "tests/contract/test_examples.py::test_what_is_read_answers_as_it_says",
    "tests/exports/test_api.py::test_the_file_is_the_list_without_pages",
    "tests/exports/test_ledger.py::test_an_export_is_whole",
    "tests/exports/test_ocel.py::test_it_keeps_the_standard",
    "tests/labels/test_numbering.py",
    "tests/test_pages.py::test_a_query_that_makes_no_sense_breaks_nothing",
    "tests/test_pages.py::test_every_page_for_every_role",
)


def why_not_on_sqlite(item: pytest.Item) -> str:
    """Why a test need not run on SQLite after it ran on PostgreSQL; '' if it must."""
    if not (uses_database(item) or has_server(item)):
        return "the same on any database: not run again"
    name = item.nodeid.partition("[")[0]
    if name.startswith(SURFACES) and not name.startswith(AGAIN):
        return "a surface, which has no SQL of its own: not run again"
    return ""


def has_server(item: pytest.Item) -> bool:
    """Whether a test has a Forestage of its own on the database of this run: tests/stress."""
    return "database" in getattr(item, "fixturenames", ())
