"""Stock moves in one request: a route beside Tryton's own, as it documents for integrations.

Its JSON-RPC takes a move in three requests and as many transactions (create, assign, do); this
takes one or a thousand in one, which is the most favourable way that Tryton offers. Creating and
doing are its documented calls: with all fields given, nothing is looked up to fill them.

Served by gunicorn as `moves:app`.
"""

from typing import Any

from trytond.application import app
from trytond.protocols.wrappers import with_pool, with_transaction


@app.route("/<database_name>/bench/moves", methods=["POST"])
@app.auth_required
@with_pool
@with_transaction(user="request")
def moves(request: Any, pool: Any) -> dict[str, Any]:
    """Create the moves that the body lists, and do them; answers their numbers."""
    move = pool.get("stock.move")
    made = move.create(request.parsed_data["moves"])
    move.do(made)
    return {"moves": [one.id for one in made]}


__all__ = ["app"]
