"""Send an order, receive its material, stage it: with a client generated from docs/openapi.json.

    openapi-python-client generate --path docs/openapi.json --meta none \\
        --output-path forestage_client
    PYTHONPATH=. python docs/examples/stage_order.py http://127.0.0.1:8000 TOKEN \\
        ERP-4713 RM-1002 C-9200 RVS RVS-QC RVS-KIT-2 RVS-GRA

It may be run again at any time, and killed at any time: every request has a key made of the order's
number, so that each is carried out once. What was refused before is asked anew.
"""

import argparse
import datetime
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx
from forestage_client import AuthenticatedClient
from forestage_client.api.demands import create_demand
from forestage_client.api.staging import stage
from forestage_client.api.staging_records import demands_retrieve
from forestage_client.api.stock import receive
from forestage_client.models import (
    DemandKind,
    NeedLineRequest,
    NewDemandLineRequest,
    Problem,
    ReceiptLineRequest,
    StagingLineRequest,
)

AGAIN = {429, 502, 503, 504}
PAUSES = (0.1, 0.5, 2, 5, 10)


class RefusedError(Exception):
    """The plant says no, and why; `is_old` if it is the answer to an earlier request."""

    def __init__(self, text: str, *, is_old: bool = False) -> None:
        super().__init__(text)
        self.is_old = is_old


def answered(ask: Callable[..., Any], *named: str, **asked: Any) -> Any:
    """Ask until there is an answer. What changes something is sent under a key: it counts once."""
    for pause in PAUSES:
        try:
            answer = ask(*named, **asked)
        except httpx.TransportError:  # nobody knows whether it arrived: the key does
            time.sleep(pause)
            continue
        if answer.status_code in AGAIN or "retry-after" in answer.headers:
            time.sleep(float(answer.headers.get("retry-after", pause)))
            continue
        if isinstance(answer.parsed, Problem):
            problem, is_old = answer.parsed, "idempotency-replayed" in answer.headers
            raise RefusedError(f"{problem.code}: {problem.detail} {problem.hint}", is_old=is_old)
        return answer.parsed
    raise RefusedError("The plant does not answer.")


def once(operation: Callable[..., Any], client: AuthenticatedClient, key: str, body: Any) -> Any:
    """Have something done, once. A refusal stands under its key; to try anew takes the next one."""
    number = 1
    while True:
        try:
            return answered(operation, client=client, body=body, idempotency_key=f"{key}-{number}")
        except RefusedError as refusal:
            if not refusal.is_old:
                raise
            number += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("server", "token", "order", "material", "lot", "site", "store", "lane", "center"):
        parser.add_argument(name)
    asked = parser.parse_args()
    client = AuthenticatedClient(base_url=asked.server, token=asked.token, prefix="Token")
    order = NewDemandLineRequest(
        reference=asked.order,
        kind=DemandKind.PRODUCTION,
        site=asked.site,
        needed_at=datetime.datetime(2030, 1, 31, 6, tzinfo=datetime.UTC),
        requirements=[NeedLineRequest(material=asked.material, quantity="40")],
        work_center=asked.center,
    )
    once(create_demand.sync_detailed, client, f"{asked.order}-create", order)
    delivery = ReceiptLineRequest(
        material=asked.material, number=asked.lot, quantity="40", location=asked.store
    )
    once(receive.sync_detailed, client, f"{asked.order}-receive", delivery)
    line = StagingLineRequest(
        demand=asked.order,
        lot=f"{asked.material}/{asked.lot}",
        lane=asked.lane,
        quantity="40",
    )
    try:
        once(stage.sync_detailed, client, f"{asked.order}-stage", line)
    except RefusedError as refusal:  # as long as QA has not released the lot
        sys.exit(str(refusal))
    demand = answered(demands_retrieve.sync_detailed, asked.order, client=client)
    print(demand.reference, demand.state.value, demand.requirements[0].staged)


if __name__ == "__main__":
    main()
