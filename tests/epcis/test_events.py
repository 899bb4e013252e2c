"""What happened, as events of the standard."""

from collections.abc import Callable
from typing import Any

import pytest

from integration.epcis import kinds
from tests.api.conftest import Api
from tests.epcis.standard import examples, faults, needs_standard
from tests.epcis.work import Busy

Ask = Callable[..., list[dict[str, Any]]]


@needs_standard
@pytest.mark.parametrize("form", ["Always_GS1_Digital_Link", "Always_EPC_URN"])
def test_every_event_is_valid(busy: Busy, api: Api, form: str) -> None:
    answer = api.get("/epcis/events", {"perPage": 500}, headers={"GS1-EPC-Format": form})
    document = answer.json()
    assert faults(document) == []
    assert len(document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) > 60


def test_everything_has_happened(busy: Busy) -> None:
    """The plant has an event of each kind, so that the tests here leave none out."""
    from integration.epcis import asking, reading

    found = set()
    query = asking.Query(size=500)
    for one in reading._merged(query, reading._look(query, None, None)):
        found.add(one.kind.name)
    tables = (
        kinds.movement_kinds(), kinds.output_kinds(), kinds.contained_kinds(),
        kinds.DECISION_KINDS, kinds.PLACED_KINDS, kinds.LIFTED_KINDS,
    )  # fmt: skip
    assert {kind.name for table in tables for kind in table} - found == {"transport"}


def said(event: dict[str, Any]) -> tuple[Any, ...]:
    """What the examples prescribe."""
    declared = event.get("errorDeclaration")
    return (
        event["type"], event.get("action"), event.get("bizStep"), event.get("disposition"),
        str(event.get("persistentDisposition")), declared and declared["reason"],
        bool(declared and declared.get("correctiveEventIDs")),
    )  # fmt: skip


@needs_standard
def test_kinds_agree_with_the_examples(busy: Busy, events: Ask) -> None:
    ours = {said(event) for event in events()}
    missing = {name for name, theirs in examples() for one in theirs if said(one) not in ours}
    assert missing == set()
    names = {name for name, _events in examples()}
    table = {kind.name for kind in (*kinds.movement_kinds(), *kinds.DECISION_KINDS)}
    assert names - table == {
        "hold_lifted", "qc_hold", "unstage", "reversal_did_not_occur", "reversal_incorrect_data",
    }  # fmt: skip


@needs_standard
def test_each_kind_says_what_its_example_says() -> None:
    ours = {
        kind.name: (kind.type, kind.action or None, kind.step or None, kind.disposition or None)
        for table in (
            kinds.movement_kinds(), kinds.DECISION_KINDS, kinds.PLACED_KINDS, kinds.LIFTED_KINDS,
        )
        for kind in table
    }  # fmt: skip
    for name, theirs in examples():
        if name in ours:
            assert said(theirs[0])[:4] == ours[name], name
