"""A token for one site: it reads and does nothing of another, whatever it asks, and by default."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import DjangoAssertNumQueries

from integration.access.tokens import issue_token
from inventory import actions as stock
from inventory import sites
from inventory.api.resources import Resource
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Balance, Movement, RefusedAttempt, Surface
from inventory.verbs import REGISTRY
from quality.models import Hold
from staging import actions as staging
from staging.models import Commitment, Demand
from tests.api.cases import CASES
from tests.api.conftest import Api
from tests.api.two_sites import (
    ACROSS,
    HERE,
    NUMBERS,
    THERE,
    Two,
    entangle,
    furnish,
    named,
    of,
    paths,
    text_of,
    token_for,
)
from tests.factories import ClientFactory, SiteFactory, UserFactory
from tests.plant import Plant
from tests.standing import built_once

pytestmark = pytest.mark.django_db


@built_once
def two() -> Two:
    here, there = (Plant(SiteFactory(code=word)) for word in (HERE, THERE))
    return Two(here, there, token_for(here))


@built_once
def furnished(two: Two) -> Two:
    furnish(two.here)
    furnish(two.there)
    entangle(two.here, two.there)
    return two


NONE_HERE = (
    "seals", "label-sizes", "attachments", "due-inspections", "proposals", "refused-attempts",
    "inspection-plans", "allocations", "unstage-tasks", "webhooks", "webhook-deliveries",
    "webhook-dead-letters", "notices",
)  # fmt: skip
"""Kinds of which `furnish` makes nothing that stays."""

ASKED: dict[str, dict[str, str]] = {
    "numbers": {"material": "COMMON"},
    "on-hand": {"by": "lot"},
    "ahead": {"site": HERE},
    "ahead/demands": {"site": HERE},
    "ahead/positions": {"site": HERE},
}
"""What makes an answer say most."""


def visited(api: Api, plant: Plant, *, things: bool = False) -> Iterator[tuple[str, str, Any]]:
    """Name, path and answer of all that is read, of the plant where something is named, with lists
    as files as well; or of things alone."""
    for route, view in paths():
        if things and "<" not in route:
            continue
        name = named(route)
        path = of(plant, route, view) if "<" in route else route
        whole = f"/{path}" if name.startswith("epcis") else f"/api/v1/{path}"
        query = ASKED.get(name, {}) if name != "numbers" or "flow" in path else {}
        yield name, path, api.get(whole, query)
        if "<" not in route and issubclass(view.cls, Resource) and name not in ACROSS:
            yield name, f"{path} as a file", api.get(whole, query | {"format": "csv"})


def tells_of_there(answer: Any) -> bool:
    text = text_of(answer)
    return THERE in text or any(str(number) in text for number in NUMBERS[THERE])


def test_it_reads_nothing_of_another_site(furnished: Two) -> None:
    """No code, reference, reason or number of it, whatever is asked for."""
    read, beyond = set(), []
    for name, path, answer in visited(furnished.api, furnished.there):
        if tells_of_there(answer):
            beyond.append(path)
        if name in ACROSS:
            code = answer.json()["code"] if answer.status_code == 403 else answer.status_code
            assert code == "site_not_in_scope", path
        elif answer.status_code == 404:
            continue
        else:
            assert answer.status_code == 200, (path, text_of(answer))
            assert answer.headers["Narrowed-To"] == "sites"
            if HERE in text_of(answer):
                read.add(name)
    assert not beyond
    assert read >= {
        "sites", "locations", "lots", "containers", "balances", "movements", "lot-links",
        "holds", "inspections", "decisions", "demands", "staged-stock", "alerts", "pull-tasks",
        "audit-entries", "signatures", "refused-attempts", "numbers", "events", "epcis", "exports",
        "external-ids", "inbound-demands", "on-hand",
    }  # fmt: skip


def test_it_reads_each_thing_of_its_own(furnished: Two) -> None:
    told = set()
    for name, path, answer in visited(furnished.api, furnished.here, things=True):
        assert not tells_of_there(answer), path
        if name in ACROSS or name.startswith(NONE_HERE) or path.endswith(NOT_YET):
            continue
        assert answer.status_code == 200, (path, answer.content)
        told.add(name)
    assert told >= {
        "lots/timeline", "lots/trace", "lots/version", "lots/dossier", "lots/clocks",
        "decisions/signatures", "holds/reach", "holds/reach/positions", "epcis", "external",
        "demands/suggestion",
    }  # fmt: skip


NOT_YET = ("proof/", "materials/COMMON/", f"locations/{HERE}-A1/", f"lots/{HERE}-L/")
"""Nothing is sealed, and nobody has put these."""


def test_a_kind_that_does_not_know_its_sites_is_refused(
    furnished: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert furnished.api.read("balances/").status_code == 200
    monkeypatch.delitem(sites._KINDS, Balance)
    answer = furnished.api.read("balances/")
    assert (answer.status_code, answer.json()["code"]) == (403, "site_not_in_scope")


@pytest.mark.parametrize("verb", sorted(REGISTRY))
def test_it_does_nothing_at_another_site(verb: str, two: Two) -> None:
    case = CASES[verb](two.there)
    before = Movement.objects.count(), Demand.objects.count(), Hold.objects.count()
    answer = two.api.do(verb, case.good)
    assert (answer.status_code, answer.json()["code"]) == (403, "site_not_in_scope")
    assert THERE not in answer.content.decode()
    assert before == (Movement.objects.count(), Demand.objects.count(), Hold.objects.count())
    attempt = RefusedAttempt.objects.latest("pk")
    assert (attempt.verb, attempt.code) == (REGISTRY[verb].permission, "site_not_in_scope")
    own = token_for(two.there)
    answer = own.do(verb, case.good)
    assert answer.status_code == 200, answer.content


# --- what an action finds for itself --------------------------------------------------------------


def spread(two: Two) -> Any:
    """A lot that is on hand at both sites."""
    material = two.here.material(initial_status="released")
    lot = two.here.lot(material=material, number="N1")
    return two.there.lot(material=material, number="N1") and lot


def refused(answer: Any, code: str = "site_not_in_scope") -> None:
    assert answer.status_code in (403, 409), answer.content
    assert answer.json()["code"] == code
    assert THERE not in answer.content.decode()


def test_a_lot_of_both_sites_is_taken_at_ones_own(two: Two) -> None:
    lot, here, there = spread(two), two.here, two.there
    demand = here.order((lot.material, 10))
    line = {"demand": demand.reference, "lot": lot.code, "lane": here.l1.code, "quantity": "1"}
    refused(two.api.do("stage", line), "source_needed")
    refused(two.api.do("stage", line | {"source": there.a1.code}))
    refused(two.api.do("stage", line | {"source": here.a1.code, "lane": there.l1.code}))
    assert two.api.do("stage", line | {"source": here.a1.code}).status_code == 200
    assert not Commitment.objects.filter(location__site=there.site).exists()


def test_a_source_that_the_action_finds_is_held_to_the_site(two: Two) -> None:
    """The lot was here once, so that it may be named; all that is left of it is there."""
    lot = spread(two)
    two.here.do(
        stock.scrap, stock.Removal(lot=lot, quantity=Decimal(100), reason="r", source=two.here.a1)
    )
    demand = two.here.order((lot.material, 10))
    line = {"demand": demand.reference, "lot": lot.code, "lane": two.here.l1.code}
    refused(two.api.do("stage", line))
    refused(two.api.do("move", {"lot": lot.code, "target": two.here.a2.code}))
    refused(two.api.do("allocate", {"demand": demand.reference, "lot": lot.code}))
    refused(two.api.do("scrap", {"lot": lot.code, "quantity": "1", "reason": "r"}))


def test_what_concerns_a_lot_everywhere_is_for_who_may_see_it_everywhere(two: Two) -> None:
    lot = spread(two)
    refused(two.api.do("place_hold", {"lot": lot.code, "reason": "r"}))
    refused(two.api.do("place_hold", {"material": lot.material.code, "reason": "r"}))
    refused(two.api.do("place_hold", {"supplier_lot": "S1", "reason": "r"}))
    alone = two.here.lot()
    for target in ({"lot": alone.code}, {"location": two.here.a2.code}):
        assert two.api.do("place_hold", target | {"reason": "r"}).status_code == 200


def test_a_reversal_touches_both_ends(two: Two) -> None:
    lot = two.here.lot()
    [moved] = two.here.do(stock.move, stock.Move(lot=lot, target=two.there.a1))
    assert two.api.read(f"movements/{moved.pk}/").status_code == 200  # it left from here
    refused(two.api.do("reverse", {"movement": moved.pk, "reason": "r"}))


def test_whoever_calls_the_action_a_demand_is_held_to_the_site(two: Two) -> None:
    """As what is sent under another system's identifier, which no line names as a demand."""
    somebody = UserFactory(role="supervisor")
    sites.limit(somebody, frozenset({two.here.site.pk}))
    by, lot = Actor(somebody, Surface.API), two.there.lot()
    demand = two.there.order((lot.material, 5))
    changes = (
        (staging.change_demand, staging.DemandChange(demand=demand, reason="r", route="R1")),
        (staging.cancel_demand, staging.Cancellation(demand=demand, reason="r")),
        (staging.complete_demand, staging.DemandEnd(demand=demand, reason="r")),
    )
    for action, line in changes:
        with pytest.raises(Refused) as caught:
            two.here.do(action, line, by=by)
        assert caught.value.code == "site_not_in_scope"
    assert Demand.objects.get().closed_at is None


def test_of_many_lines_those_of_the_site_are_done(two: Two) -> None:
    mine, theirs = two.here.lot(), two.there.lot()
    lines = [
        {"lot": theirs.code, "target": two.here.a2.code},
        {"lot": mine.code, "target": two.here.a2.code},
    ]
    answer = two.api.do("move", {"lines": lines, "partial": True})
    assert answer.status_code == 207
    assert [one["status"] for one in answer.json()["results"]] == ["refused", "done"]
    whole = two.api.do("move", {"lines": lines})
    assert [(e["line"], e["field"]) for e in whole.json()["errors"]] == [(0, "lot")]


def test_a_stored_answer_is_not_for_a_token_of_another_site(two: Two) -> None:
    """Both tokens are of one client, and so of one user: the keys are shared."""
    lot = two.there.lot()
    client = ClientFactory(user=UserFactory(role="integrator"))
    apis = []
    for plant in (two.there, two.here):
        _token, secret = issue_token(
            client=client, sites=[plant.site], expires_at=None, by=plant.operator, at=plant.now
        )
        apis.append(Api())
        apis[-1].credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    line = {"lot": lot.code, "target": two.there.a2.code}
    headers = {"Idempotency-Key": "k1"}
    assert apis[0].do("move", line, **headers).status_code == 200
    answer = apis[1].do("move", line, **headers)
    assert answer.json()["code"] == "idempotency_key_reused"
    assert THERE not in answer.content.decode()


def test_what_a_code_names_is_shown_in_its_place_if_it_is_of_the_site(two: Two) -> None:
    lot = two.here.lot()
    two.here.do(stock.move, stock.Move(lot=lot, target=two.there.a1, quantity=Decimal(7)))
    answer = two.api.read("movements/", expand="lot,source,target", kind="move").json()
    [moved] = answer["results"]
    assert (moved["lot"]["code"], moved["source"]["code"]) == (lot.code, two.here.a1.code)
    assert moved["target"] == two.there.a1.code  # the other end of a transfer is named, no more
    one = two.api.read(f"movements/{moved['id']}/", expand="target").json()
    assert one["target"] == two.there.a1.code
    [left] = two.api.read("balances/", expand="location,lot,material").json()["results"]
    assert left["location"]["site"] == HERE


def test_a_refusal_kept_under_a_key_names_no_place_of_another_site(two: Two) -> None:
    lot = spread(two)
    demand = two.here.order((lot.material, 10))
    line = {"demand": demand.reference, "lot": lot.code, "lane": two.here.l1.code}
    for replayed in (False, True):
        answer = two.api.do("stage", line, **{"Idempotency-Key": "one"})
        refused(answer, "source_needed")
        assert ("Idempotency-Replayed" in answer.headers) == replayed


def test_labels_and_files_keep_to_the_site(two: Two) -> None:
    lot = two.there.lot()
    refused(two.api.get("/api/v1/labels/lots/", {"lot": lot.code, "format": "zpl"}))
    file = SimpleUploadedFile("coa.txt", b"fine", "text/plain")
    refused(two.api.post("/api/v1/attachments/", {"lot": lot.code, "file": file}))
    own = two.here.lot()
    assert (
        two.api.get("/api/v1/labels/lots/", {"lot": own.code, "format": "zpl"}).status_code == 200
    )


def test_a_limit_costs_its_own_statements_only(
    two: Two, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    two.api.read("balances/")
    with django_assert_num_queries(3):  # token, permission, the list
        two.api.read("balances/")
