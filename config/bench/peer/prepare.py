"""Fill a fresh Tryton database: a company, a product, lots on hand in storage, and lanes.

Usage: prepare.py DATABASE LOTS LANES. Prints as JSON what a move needs to name. Master data goes
through Tryton's models. The lots and their receipts are inserted in bulk by SQL, as it would have
written them, because making them is not what is measured.
"""

import json
import sys
from decimal import Decimal
from typing import Any

from trytond.pool import Pool
from trytond.transaction import Transaction

LOTS = """
    INSERT INTO stock_lot (number, product, active, create_uid, create_date)
    SELECT 'LOT-' || n, %s, true, 0, now() FROM generate_series(1, %s) n RETURNING id
"""
RECEIPTS = """
    INSERT INTO stock_move (product, lot, quantity, internal_quantity, unit, from_location,
        to_location, company, state, effective_date, unit_price_updated, create_uid, create_date)
    SELECT %s, id, 1, 1, %s, %s, %s, %s, 'done', current_date, false, 0, now() FROM stock_lot
"""


def main() -> None:
    database, lots, lanes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    pool = Pool(database)
    pool.init()
    with Transaction().start(database, 0) as transaction:
        company = make_company(pool)
        with transaction.set_context(company=company.id):
            made = stock(pool, transaction, company, lots, lanes)
        transaction.commit()
    with Transaction().start(database, 0, autocommit=True) as transaction:
        transaction.connection.cursor().execute("VACUUM ANALYZE")
    print(json.dumps(made))


def make_company(pool: Any) -> Any:
    """The company, and the administrator in it."""
    currency = pool.get("currency.currency")(name="Euro", code="EUR", symbol="€")
    currency.rounding = Decimal("0.01")
    currency.save()
    party = pool.get("party.party")(name="Plant")
    party.save()
    company = pool.get("company.company")(party=party, currency=currency)
    company.save()
    [user] = pool.get("res.user").search([("login", "=", "admin")])
    user.companies, user.company = [company], company
    user.save()
    return company


def stock(pool: Any, transaction: Any, company: Any, lots: int, lanes: int) -> dict[str, Any]:
    """A product with its lots on hand in storage, and lanes beside it in the warehouse."""
    location = pool.get("stock.location")
    [warehouse] = location.search([("code", "=", "WH")])
    [storage] = location.search([("code", "=", "STO")])
    [lost] = location.search([("type", "=", "lost_found")])
    named = [{"name": f"Lane {n}", "type": "storage", "parent": warehouse.id} for n in range(lanes)]
    made = location.create(named)
    product, unit = make_product(pool)
    cursor = transaction.connection.cursor()
    cursor.execute(LOTS, (product.id, lots))
    numbers = [number for (number,) in cursor.fetchall()]
    cursor.execute(RECEIPTS, (product.id, unit.id, lost.id, storage.id, company.id))
    return {
        "fixed": {
            "product": product.id, "unit": unit.id, "company": company.id, "quantity": 1,
            "from_location": storage.id,
        },
        "lanes": [lane.id for lane in made],
        "lots": numbers,
    }  # fmt: skip


def make_product(pool: Any) -> tuple[Any, Any]:
    """A product counted in pieces."""
    [unit] = pool.get("product.uom").search([("symbol", "=", "u")])
    template = pool.get("product.template")(name="Component", type="goods", default_uom=unit)
    template.list_price = Decimal(0)
    template.save()
    product = pool.get("product.product")(template=template)
    product.save()
    return product, unit


if __name__ == "__main__":
    main()
