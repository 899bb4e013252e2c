"""Who may do and read what over the API: by role and action, the expected status.

The table is written out, and not taken from `config.roles`: a change there must be meant here too.
An empty body shows who gets past the door: 400 is inside, 403 is not.
"""

from typing import Any

import pytest

from inventory.verbs import REGISTRY
from tests.api.conftest import Api
from tests.api.test_resources import LISTS

pytestmark = pytest.mark.django_db

ROLES = ("operator", "supervisor", "qa", "auditor", "integrator")

ON_THE_FLOOR = (
    "receive put_away adjust new_container number_container pack unpack move_container reverse "
    "allocate deallocate stage assign unstage transfer issue consume produce return_remainder "
    "load unload ship"
)
WHO_MAY: dict[str, str] = {
    **dict.fromkeys(ON_THE_FLOOR.split(), "operator supervisor integrator"),
    "move": "operator supervisor qa integrator",
    "sample": "operator supervisor qa integrator",
    "place_hold": "operator supervisor qa integrator",
    "acknowledge": "operator supervisor qa integrator",
    "snooze": "operator supervisor qa integrator",
    "wake": "operator supervisor qa integrator",
    "assign_alert": "operator supervisor qa integrator",
    "scrap": "supervisor qa integrator",
    "send_back": "supervisor qa integrator",
    "create_demand": "supervisor integrator",
    "change_demand": "supervisor integrator",
    "cancel_demand": "supervisor integrator",
    "complete_demand": "supervisor integrator",
    "borrow": "supervisor integrator",
    "split_lot": "supervisor qa",
    "merge_lots": "supervisor qa",
    "lift_hold": "qa",
    "record_inspection": "qa",
    "dispose_inspection": "qa",
    "release": "qa",
    "restrict": "qa",
    "reject": "qa",
    "reopen": "qa",
    "close_lot": "qa",
    "countersign": "qa",
    "withdraw_proposal": "qa",
}
"""By verb, the roles that may; nobody else does. The auditor may do nothing at all."""

WHO_READS: dict[str, str] = (
    dict.fromkeys(LISTS, " ".join(ROLES))
    | {
        "on-hand": " ".join(ROLES),
        "worklist": " ".join(ROLES),
        "events": " ".join(ROLES),
        "as-it-stood/board": " ".join(ROLES),
        "webhooks": "supervisor auditor integrator",
        "webhook-deliveries": "supervisor auditor integrator",
        "webhook-dead-letters": "supervisor auditor integrator",
        "audit-entries": "supervisor qa auditor",
        "refused-attempts": "supervisor qa auditor",
        "refused-attempts/counts": "supervisor qa auditor",
    }
    | dict.fromkeys(
        (
            f"numbers/{name}"
            for name in ("trends", "dwell", "staged", "on-time", "lanes", "alerts", "ahead", "flow")
        ),
        "supervisor qa auditor integrator",
    )
)


def test_the_table_is_whole() -> None:
    assert set(WHO_MAY) == set(REGISTRY)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", sorted(WHO_MAY))
def test_who_may_do(verb: str, role: str, api_as: Any) -> None:
    expected = 400 if role in WHO_MAY[verb].split() else 403
    assert api_as(role).do(verb, {}).status_code == expected


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", sorted(WHO_READS))
def test_who_may_read(path: str, role: str, api_as: Any) -> None:
    expected = 200 if role in WHO_READS[path].split() else 403
    assert api_as(role).read(f"{path}/").status_code == expected


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "path",
    [
        "lots/1/trace/",
        "lots/1/timeline/",
        "demands/D/suggestion/",
        "materials/M/",
        "as-it-stood/lanes/L/",
        "as-it-stood/demands/D/",
    ],
)
def test_who_may_look_closer(path: str, role: str, api_as: Any) -> None:
    assert api_as(role).read(path).status_code == 404  # past the door; there is nothing yet


@pytest.mark.parametrize("path", ["schema/", "docs/"])
def test_anybody_may_read_how_it_works(path: str) -> None:
    assert Api().read(path).status_code == 200


@pytest.mark.parametrize("verb", sorted(WHO_MAY))
def test_a_stranger_does_nothing(verb: str) -> None:
    assert Api().do(verb, {}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        *sorted(WHO_READS),
        "lots/1/trace",
        "lots/1/timeline",
        "lots/1/dossier",
        "demands/D/suggestion",
    ],
)
def test_a_stranger_reads_nothing(path: str) -> None:
    assert Api().read(f"{path}/").status_code == 401


@pytest.mark.parametrize("verb", ["receive", "release"])
def test_an_account_without_a_role_does_nothing(verb: str, api_as: Any) -> None:
    from tests.factories import UserFactory

    api = api_as(UserFactory())
    assert api.do(verb, {}).status_code == 403
    assert api.read("lots/").status_code == 403
