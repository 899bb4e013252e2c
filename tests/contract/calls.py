"""Calls every operation of the API's document on a busy plant, so that it answers well.

What is read finds its things in the list that its path begins with. What is done is in the cases
of the verbs (tests/api/cases.py), or here.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from rest_framework.test import APIClient

from inventory import actions as stock
from inventory.seals.sealing import seal
from inventory.verbs import REGISTRY
from quality.models import Proposal
from staging.models import StagedStock
from tests.api.cases import CASES, SIGNED
from tests.api.test_resources import busy
from tests.contract import dwell, epcis, external, hooks
from tests.contract.openapi import Document, operations
from tests.factories import UserFactory
from tests.notices.told import tell
from tests.plant import Plant

Asked = dict[str, dict[str, Any]]


@dataclass
class Called:
    """What was asked, and the answer."""

    answer: Any
    body: Any = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return str(self.answer.status_code)

    @property
    def said(self) -> Any:
        """The body, read as JSON."""
        whole = b"".join(self.answer) if self.answer.streaming else self.answer.content
        self.answer = HttpResponse(
            whole, status=self.answer.status_code, headers=self.answer.headers
        )
        return json.loads(whole)

    @property
    def kind(self) -> str:
        return str(self.answer.headers.get("Content-Type", "")).split(";")[0]


def client(who: User) -> APIClient:
    api = APIClient()
    api.force_authenticate(who)
    return api


def everybody() -> User:
    """Who may do and read all there is, and is no administrator, for whom there are no tokens."""
    who: User = UserFactory()
    who.user_permissions.set(Permission.objects.all())
    tell(who)
    return who


def fill(plant: Plant) -> Asked:
    """One of everything that can be read; what each operation has to be asked."""
    asked = {name: make(plant) for name, make in PARAMETERS.items()}
    external.left_in_its_lane(plant)
    hooks.dead_letter(plant)
    for name in external.PUT:
        assert other_call(name, plant, client(everybody())).status == "201"
    busy(plant)
    plant.hold(lot=StagedStock.objects.earliest("pk").lot)  # which has to leave its lane
    busy(plant)
    lot = plant.lot(material=plant.material(second_signer=True), released=False)
    api = client(plant.qa.user)
    api.post("/api/v1/release/", SIGNED | {"lot": lot.code}, format="json")
    assert Proposal.objects.exists()
    seal(patience=0)  # last of all, so that there is proof of the newest
    return asked


BODIES: dict[str, Callable[[Plant], Any]] = {
    "attachments_create": lambda plant: {
        "lot": plant.lot().code,
        "reason": "Certificate of analysis",
        "file": SimpleUploadedFile("certificate.pdf", b"%PDF-1.7", "application/pdf"),
    },
    **{
        f"labels_{name}_post": lambda plant, name=name: {"lines": [_to_label(plant, name)]}
        for name in ("lots", "containers", "locations", "demands")
    },
    **{name: lambda plant, of=of: of(plant)[1] for name, of in external.PUT.items()},
    "send_demand": lambda plant: (
        {"source": external.SOURCE, "id": "PO-8"} | external.message(plant)
    ),
    "send_b2mml": external.schedule,
    "notices_read_create": lambda _plant: {"notices": [1, 2]},
    "notice_preferences_put": lambda plant: {
        "critical": 3,
        "warning": 2,
        "notice": 1,
        "level": 1,
        "sites": [plant.site.code],
        "digest_times": "06:00, 14:00",
        "time_zone": "Europe/Berlin",
        "own_quiet": True,
        "quiet_from": "22:00",
        "quiet_until": "06:00",
        "days_off": "67",
        "loud": True,
    },
    **{name: hooks.body(name) for name in hooks.DONE},
    **epcis.BODIES,
    **dwell.BODIES,
}
"""The body of each operation that is not a verb."""

NAMED: dict[str, dict[str, str]] = {
    operation: {"source": external.SOURCE, "identifier": name}
    for put, name in {
        "put_material": "4711",
        "put_location": "BIN-9",
        "put_lot": "CH-77",
        "put_demand": "PO-7",
    }.items()
    for operation in (put, f"read_{put}")
} | {"send_b2mml": {"source": external.SOURCE}}
"""What names in a path stand for, where no list comes before them."""

LISTED: dict[str, tuple[str, dict[str, Any]]] = {
    "/api/v1/as-it-stood/demands/": ("/api/v1/demands/", {}),
    "/api/v1/as-it-stood/lanes/": ("/api/v1/locations/", {"kind": "staging"}),
}
"""Where the things of a path are listed, if not before their names in it."""

PARAMETERS: dict[str, Callable[[Plant], dict[str, Any]]] = {
    f"labels_{name}_get": lambda plant, name=name: _to_label(plant, name)  # type: ignore[misc]
    for name in ("lots", "containers", "locations", "demands")
} | dict.fromkeys(
    ("ahead", "ahead_demands_list", "ahead_positions_list"),
    lambda plant: {"site": plant.site.code},
)
"""What a reading operation has to be asked, beyond what its path names."""


def _to_label(plant: Plant, name: str) -> dict[str, str]:
    if name == "containers":
        plant.do(stock.new_container, stock.NewContainer(code="PAL-7", location=plant.a1))
        return {"container": "PAL-7"}
    if name == "demands":
        return {"demand": plant.order((plant.material(), 1)).reference}
    return {"location": plant.a1.code} if name == "locations" else {"lot": plant.lot().code}


def verb_calls(name: str, plant: Plant) -> Iterator[Called]:
    """A verb, done as far as it can be, and from the same state refused and done."""
    case = CASES[name](plant)
    api = client(UserFactory(role=case.role))
    path = f"/api/v1/{name.replace('_', '-')}/"
    both = {"lines": [case.good, case.bad], "partial": True}
    before = transaction.savepoint()
    yield Called(api.post(path, both, format="json"), both)
    transaction.savepoint_rollback(before)
    for body in (case.bad, case.good):
        yield Called(api.post(path, body, format="json"), body)


def reading_call(operation_id: str, asked: Asked, api: APIClient, kind: str = "*/*") -> Called:
    """A reading operation, of the first thing in its list, in that form."""
    path, _method, _operation = operations()[operation_id]
    if operation_id.startswith("epcis_"):
        named = epcis.named(operation_id, api)
    else:
        named = NAMED.get(operation_id) or path_values(path, api)
    more = asked.get(operation_id, {})
    answer = api.get(path.format(**named), more, headers={"Accept": kind})
    return Called(answer, parameters=named | more)


def path_values(path: str, api: APIClient) -> dict[str, Any]:
    """What the names in a path stand for: the first row of the list before them."""
    values: dict[str, Any] = {}
    for found in re.finditer(r"\{(\w+)\}", path):
        name, listed = found[1], path[: found.start()].format(**values)
        where, more = LISTED.get(listed, (listed, {}))
        rows = api.get(where, {"page_size": 1} | more).json().get("results")
        assert rows, f"{listed} is empty: let tests/contract/calls.py fill it"
        values[name] = rows[0].get(name, rows[0].get("id"))
    return values


def other_call(operation_id: str, plant: Plant, api: APIClient) -> Called:
    """An operation that is neither a verb nor reading."""
    path, method, operation = operations()[operation_id]
    assert operation_id in BODIES, (
        f"Say in BODIES of tests/contract/calls.py what {operation_id} is sent, then run: "
        "python3 manage.py test tests/contract/test_examples.py --record-examples"
    )
    body = BODIES[operation_id](plant)
    named = NAMED.get(operation_id) or path_values(path, api)
    kind = "json" if "application/json" in operation["requestBody"]["content"] else "multipart"
    send = getattr(api, method)
    return Called(send(path.format(**named), body, format=kind), body, named)


def repeated(operation_id: str, called: Called, api: APIClient) -> Called:
    """The same once more."""
    path, method, _operation = operations()[operation_id]
    answer = getattr(api, method)(path.format(**called.parameters), called.body, format="json")
    return Called(answer, called.body, called.parameters)


def reads(operation_id: str) -> bool:
    return operations()[operation_id][1] == "get"


def does(operation_id: str) -> bool:
    return operation_id in REGISTRY


def answer_schema(called: Called, operation: Document) -> Document | None:
    """What the document says of the answer; None if it says nothing of such one."""
    said = operation["responses"].get(called.status, {}).get("content", {}).get(called.kind)
    return None if said is None else said.get("schema", {})
