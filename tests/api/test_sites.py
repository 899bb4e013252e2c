"""A token for one site: it reads and does nothing of another, whatever it asks, and by default."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import DjangoAssertNumQueries

from integration.access.tokens import issue_token
from inventory import actions as stock
from inventory import sites
from inventory.api.resources import Resource
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import (
    Balance,
    Container,
    Movement,
    RefusedAttempt,
    Surface,
)
from inventory.verbs import REGISTRY
from quality import actions as quality
from quality.models import Decision, Hold
from staging import actions as staging
from staging.models import Alert, Commitment, Demand
from tests.api.cases import CASES
from tests.api.conftest import Api
from tests.factories import ClientFactory, SiteFactory, UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

HERE, THERE = "ALPHA", "BRAVO"
"""Everything of a site has its word in its code."""

ACROSS = {
    "audit-entries", "signatures", "decisions/signatures", "lots/trace", "lots/timeline",
    "lots/version", "lots/dossier", "holds/reach", "numbers", "external", "external-ids",
    "inbound-demands", "events", "webhooks", "webhook-deliveries", "webhook-dead-letters",
    "epcis", "exports",
}  # fmt: skip
"""What tells of several sites at once, and is refused to a token for some."""

SHARED = {"units", "materials", "seals", "inspection-plans", "usage-rules", "label-sizes"}


@dataclass
class Two:
    """Two sites with the same life in each, and a client with a token for the first."""

    here: Plant
    there: Plant
    api: Api


def token_for(plant: Plant, role: str = "integrator", **client: Any) -> Api:
    """What a client with a token for the plant's site alone uses."""
    made = ClientFactory(user=UserFactory(role=role), **client)
    made.user.groups.add(*Group.objects.all())
    _token, secret = issue_token(
        client=made, sites=[plant.site], expires_at=None, by=plant.operator, at=plant.now
    )
    api = Api()
    api.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return api


def furnish(plant: Plant) -> None:
    """One thing of every kind that is read."""
    word = plant.site.code
    lot = plant.lot(number=f"{word}-1")
    waiting = plant.lot(number=f"{word}-2", released=False)
    demand = plant.order((lot.material, 60), reference=f"{word}-D1")
    plant.stage(demand, lot, quantity=40)
    plant.do(staging.allocate, staging.AllocationLine(demand=demand))
    plant.do(stock.new_container, stock.NewContainer(code=f"{word}-PAL", location=plant.a1))
    plant.do(quality.record_inspection,
             quality.Result(lot=waiting, characteristic="pH", value="7"), by=plant.lab)  # fmt: skip
    part = stock.Split(lot=waiting, number=f"{word}-3", quantity=Decimal(1))
    plant.do(quality.split_lot, part, by=plant.qa)
    plant.hold(lot=lot)
    plant.hold(location=plant.a2)
    plant.hold(container=Container.objects.get(code=f"{word}-PAL"))
    Alert.objects.create(reason="without_demand", lot=lot, location=plant.l1, raised_at=plant.now)


@pytest.fixture
def two(db: None) -> Two:
    here, there = (Plant(SiteFactory(code=word)) for word in (HERE, THERE))
    return Two(here, there, token_for(here))


@pytest.fixture
def furnished(two: Two) -> Two:
    furnish(two.here)
    furnish(two.there)
    return two


def paths() -> Iterator[tuple[str, Any]]:
    """Every path of the API that is read, with its view."""

    def walk(prefix: str, patterns: Any) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(route, pattern.url_patterns)
            elif isinstance(pattern, URLPattern) and route.startswith(("api/v1/", "epcis/")):
                view = pattern.callback
                yield route.removeprefix("api/v1/"), view

    for route, view in walk("", get_resolver().url_patterns):
        actions = getattr(view, "actions", None)
        reads = "get" in actions if actions else hasattr(getattr(view, "cls", None), "get")
        if reads and not route.startswith(("schema", "docs", "labels")):
            yield route, view


def named(route: str) -> str:
    """`lots/<int:pk>/trace/` is `lots/trace`."""
    parts = [part for part in route.split("/") if part and not part.startswith("<")]
    return parts[0] if parts[0] in ("numbers", "external", "epcis", "exports") else "/".join(parts)


def of(plant: Plant, route: str, view: Any) -> str:
    """The path of something that belongs to the plant."""
    kinds = {"lots": "lot", "holds": "hold", "decisions": "decision"}
    head = route.split("/")[0]
    if (head in kinds and not issubclass(view.cls, Resource)) or "reach" in route:
        lot = Balance.objects.filter(location=plant.l1).first().lot
        key = {
            "lots": lot.pk,
            "holds": Hold.objects.get(lot=lot).pk,
            "decisions": Decision.objects.filter(lot=lot).first().pk,
        }[head]
        return route.replace(route[route.index("<") : route.index(">") + 1], str(key))
    if head == "epcis":
        return f"{route.split('/')[0]}/{route.split('/')[1]}/{UUID(int=1)}"
    if head == "external":
        return f"external/ERP/{route.split('/')[2]}/1/"
    if view.cls.queryset.model._meta.concrete_model not in sites._KINDS:
        return route.replace(route[route.index("<") : route.index(">") + 1], "1")
    somebody = UserFactory()
    sites.limit(somebody, frozenset({plant.site.pk}))
    field = view.cls.lookup_field
    row = sites.within(view.cls.queryset.all(), somebody).filter(**REALLY.get(head, {})).first()
    key = getattr(row, field, None) if row else "0"
    return route.replace(route[route.index("<") : route.index(">") + 1], str(key))


NONE_HERE = (
    "seals", "label-sizes", "attachments", "due-inspections", "proposals", "refused-attempts",
    "inspection-plans", "allocations", "unstage-tasks",
)  # fmt: skip
"""Kinds of which `furnish` makes nothing that stays."""

REALLY = {"holds": {"lot__isnull": False}}
"""A hold on a material may stop stock of any site, and is nobody's own."""


def test_it_reads_nothing_of_another_site(furnished: Two) -> None:
    read, beyond = set(), []
    for route, view in paths():
        name = named(route)
        path = of(furnished.there, route, view) if "<" in route else route
        answer = furnished.api.get(f"/{path}" if name == "epcis" else f"/api/v1/{path}")
        text = answer.content.decode()
        if THERE in text:
            beyond.append(path)
        if name in ACROSS:
            code = answer.json()["code"] if answer.status_code == 403 else answer.status_code
            assert code == "site_not_in_scope", path
        elif "<" in route and name.split("/")[0] not in SHARED:
            assert answer.status_code == 404 or not answer.json().get("results", True), path
        else:
            assert answer.status_code in (200, 404), (path, text)
            if HERE in text:
                read.add(name)
    assert not beyond
    assert read >= {
        "sites", "locations", "lots", "containers", "balances", "movements", "lot-links",
        "holds", "inspections", "decisions", "demands", "staged-stock", "alerts", "pull-tasks",
    }  # fmt: skip


def test_it_reads_each_thing_of_its_own(furnished: Two) -> None:
    for route, view in paths():
        if "<" in route and named(route) not in ACROSS and issubclass(view.cls, Resource):
            if named(route).startswith(NONE_HERE) or route.endswith("proof/"):
                continue  # there is none here
            answer = furnished.api.get(f"/api/v1/{of(furnished.here, route, view)}")
            assert answer.status_code == 200, (route, answer.content)


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


def test_what_a_code_names_is_not_shown_in_its_place(two: Two) -> None:
    assert two.api.read("balances/").status_code == 200
    refused(two.api.read("balances/", expand="location"))


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
