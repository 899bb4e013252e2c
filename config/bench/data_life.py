"""What happened to each lot of the benchmark's plant, as SQL over a table of lives.

A temporary table `life` has a row for every lot, with everywhere it has been and all it was for.
The ledger, the balances and the commitments are written from it, so that they cannot disagree.
Families: `s` staged now, `f` free in storage, `q` in quarantine, `c` a link in a chain of
production orders, `h` used up.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

FUNCTIONS = """
    CREATE OR REPLACE FUNCTION pg_temp.key(at timestamptz, number bigint)
    RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT (
        '0' || to_hex((date_part('epoch', at) * 1000)::bigint) || '7000'
        || to_hex(number - 9223372036854775807 - 1)
    )::uuid $$;
    CREATE OR REPLACE FUNCTION pg_temp.named(demand bigint, lane bigint)
    RETURNS text LANGUAGE sql STABLE AS $$
        SELECT (ARRAY['PO-', 'PO-', 'OP-', 'SO-'])[mod(lane, 4) + 1] || demand
    $$
"""
"""Keys in the manner of UUIDv7, in the order of time; and what a demand is called."""

FAMILIES = """
    SELECT 's' AS family, n, mod(n, %(lanes)s) AS g, n / %(lanes)s AS p,
        mod(n / %(lanes)s * 7 + mod(n, %(lanes)s), 50) AS material, n + 1 AS lot,
        n / %(lanes)s / 5 * %(lanes)s + mod(n, %(lanes)s) AS hand
    FROM generate_series(0, %(staged)s::bigint - 1) n
    UNION ALL
    SELECT 'f', n, mod(n / 20, %(lanes)s), n, mod(n * 3 + n / 20, 49), %(staged)s + n + 1, n / 5
    FROM generate_series(0, %(free)s::bigint - 1) n
    UNION ALL
    SELECT 'q', n, mod(n, %(lanes)s), n, mod(n, 50), %(staged)s + %(free)s + n + 1, n
    FROM generate_series(0, %(caged)s::bigint - 1) n
    UNION ALL
    SELECT 'c', n, n / 22 / 3 * 4 + mod(n / 22, 3), (mod(n / 11, 2) * 11 + mod(n, 11)) * 20,
        50 + mod(n, 11), %(staged)s + %(free)s + %(caged)s + n + 1, n
    FROM generate_series(0, %(chained)s::bigint - 1) n
    UNION ALL
    SELECT 'h', n, mod(n, %(lanes)s), n / %(lanes)s,
        mod(n / %(lanes)s * 7 + mod(n, %(lanes)s), 50),
        %(staged)s + %(free)s + %(caged)s + %(chained)s + n + 1,
        n / %(lanes)s / 5 * %(lanes)s + mod(n, %(lanes)s)
    FROM generate_series(0, %(used)s::bigint - 1) n
"""
"""Which lane a lot is for (`g`), the how manieth there (`p`), and who had it in one hand.

What befalls every so manieth lot goes by `n + p`, which meets each lane alike."""

LIVES = f"""
    CREATE TEMPORARY TABLE life AS
    SELECT family, n, k, g, p, lot, hand, mod(k, 4) = 0 AND family = 's' AS packed,
        n + 1 AS container, site * 61 + material + 1 AS material, site,
        site * 200 + 40 + mod(g, 20) AS lane, site * 200 + 100 + mod(n * 7 + p, 99) AS bin,
        site * 200 + 2 AS dock, site * 200 + 3 AS cage, site * 200 + 4 AS supplier,
        site * 200 + 6 AS production, site * 200 + 8 AS variance,
        site * 200 + CASE WHEN ships THEN 14 + mod(p, 2) ELSE 10 + mod(g, 4) END AS centre,
        site * 200 + CASE WHEN ships THEN 16 + mod(p / 20, 4) ELSE 6 END AS sink,
        ships, open_demand, past_demand, open_line, past_line,
        pg_temp.named(open_demand, g) AS open_name, pg_temp.named(past_demand, g) AS past_name,
        pg_temp.named(past_demand - %(lanes)s, g) AS made_for,
        CASE family WHEN 'c' THEN 10 ELSE 50 + mod(n, 7) * 10 END AS quantity,
        CASE WHEN family = 's' AND mod(k, 50) = 7 THEN 30 ELSE 0 END AS left_over,
        CASE WHEN family = 's' AND mod(k, 50) = 11 THEN 5 ELSE 0 END AS begun,
        CASE WHEN family = 's' AND mod(k, 2000) = 13 THEN 5 ELSE 0 END AS unbound,
        %(now)s - CASE family
            WHEN 's' THEN (1 - hand::float * 5 / %(staged)s) * interval '20 days'
            WHEN 'f' THEN (10 + mod(hand, 300) / 10.0) * interval '1 day'
            WHEN 'q' THEN (1 + mod(hand, 50) / 10.0) * interval '1 day'
            WHEN 'c' THEN (25 + (10 - mod(n, 11)) * 10 + mod(g, 10)) * interval '1 day'
            ELSE (20 + mod(hand, 1800) / 10.0) * interval '1 day' END AS at
    FROM (
        SELECT *, n + p AS k, g / 20 AS site, mod(g, 4) = 3 AS ships,
            CASE family WHEN 's' THEN p / 20 * %(lanes)s + g + 1
                WHEN 'f' THEN 2 * %(open)s + n / 20 + 1 END AS open_demand,
            CASE family WHEN 'h' THEN 2 * %(open)s + %(targets)s + p / 20 * %(lanes)s + g + 1
                ELSE %(open)s + p / 20 * %(lanes)s + g + 1 END AS past_demand,
            CASE family WHEN 's' THEN n + 1 WHEN 'f' THEN 2 * %(staged)s + n + 1 END AS open_line,
            CASE family WHEN 's' THEN %(staged)s + n + 1
                WHEN 'c' THEN 2 * %(staged)s + %(free)s + n + 1
                WHEN 'h' THEN 2 * %(staged)s + %(free)s + %(chained)s + n + 1 END AS past_line
        FROM ({FAMILIES}) families
    ) placed
"""  # noqa: S608 - only our own text is put in


class Step(NamedTuple):
    """A movement in the life of a family; columns of `life` name quantity and places."""

    family: str
    ago: str
    kind: str
    quantity: str
    source: str
    target: str
    when: str = "true"
    task: str = "NULL"
    name: str = "''"
    gated: bool = False
    carries: tuple[str, str] = ("NULL", "NULL")


HANDED = "CASE WHEN ships THEN 'load' ELSE 'issue' END"
GONE = "CASE WHEN ships THEN 'ship' ELSE 'consume' END"
ALL_OF_IT = "quantity + 10 + CASE WHEN packed THEN 0 ELSE 1 END + left_over + begun + unbound"
OPEN, PAST = ("open_line", "open_name"), ("past_line", "past_name")


def _past(family: str, since: int, quantity: str = "quantity") -> Iterator[Step]:
    """Staged, handed over and used for a demand that is closed now."""
    when = "mod(n, 11) < 10" if family == "c" else "true"
    for hours, kind, source, target in (
        (0, "'stage'", "bin", "lane"),
        (5, HANDED, "lane", "centre"),
        (12, GONE, "centre", "sink"),
    ):
        yield Step(
            family, f"{since * 24 - hours} hours", kind, quantity, source, target, when,
            *PAST, gated=True,
        )  # fmt: skip


STEPS = (
    Step("s", "30 days", "'receive'", ALL_OF_IT, "supplier", "dock"),
    Step("s", "29 days", "'put_away'", ALL_OF_IT, "dock", "bin"),
    Step("s", "602 hours", "'stage'", "10", "bin", "lane", "true", *PAST, gated=True),
    Step("s", "601 hours", "'unstage'", "10", "lane", "bin", "true", *PAST),
    *_past("s", 25, "10"),
    Step("s", "10 days", "'sample'", "1", "bin", "variance", "NOT packed"),
    Step("s", "9 days", "'pack'", "quantity", "bin", "bin", "packed",
         carries=("NULL", "container")),
    Step("s", "5 hours", "'move'", "unbound", "bin", "lane", "unbound > 0"),
    Step("s", "4 hours", "'stage'", "begun", "bin", "lane", "begun > 0", *OPEN, gated=True),
    Step("s", "3 hours", HANDED, "begun", "lane", "centre", "begun > 0", *OPEN, gated=True),
    Step("s", "0", "'stage'", "quantity", "bin", "lane", "true", *OPEN, gated=True,
         carries=("CASE WHEN packed THEN container END", "CASE WHEN packed THEN container END")),
    Step("f", "1 day", "'receive'", "quantity", "supplier", "dock"),
    Step("f", "0", "'put_away'", "quantity", "dock", "bin"),
    Step("q", "0", "'receive'", "quantity", "supplier", "cage"),
    Step("c", "3 days", "'receive'", "quantity", "supplier", "bin", "mod(n, 11) = 0"),
    Step("c", "3 days", "'produce'", "quantity", "production", "bin", "mod(n, 11) > 0",
         "past_line - 1", "made_for"),
    *_past("c", 2),
    Step("h", "9 days", "'receive'", "quantity", "supplier", "dock"),
    Step("h", "8 days", "'put_away'", "quantity", "dock", "bin"),
    *_past("h", 3),
)  # fmt: skip


def moves() -> str:
    """Every movement there was, one SELECT for each step, in no order."""
    return " UNION ALL ".join(_moves(number, step) for number, step in enumerate(STEPS))


def _moves(number: int, step: Step) -> str:
    out_of, into = step.carries
    alone = step.family in "cq"
    return f"""
        SELECT at - interval '{step.ago}' AS at, {step.kind} AS kind, lot,
            ({step.quantity})::numeric AS quantity, {step.source} AS source,
            {step.target} AS target, {out_of}::bigint AS from_container,
            {into}::bigint AS to_container, {step.task}::bigint AS task, {step.name} AS name,
            {"1" if step.gated else "NULL"}::int AS rules, {number} * 10000000000 + hand AS batch,
            mod(hand, 10) AS hand, {"true" if alone else "mod(p, 5) = 0"} AS first
        FROM life WHERE family = '{step.family}' AND {step.when}
    """  # noqa: S608


class Standing(NamedTuple):
    """A balance that a family has left, or has now."""

    families: str
    location: str
    quantity: str = "0"
    reserved: str = "0"
    bound: str = "0"
    container: str = "NULL"
    when: str = "true"


STANDINGS = (
    Standing("s", "lane", "quantity + unbound", "0", "quantity",
             "CASE WHEN packed THEN container END"),
    Standing("s", "bin", "left_over", "CASE WHEN left_over > 0 THEN 20 ELSE 0 END"),
    Standing("s", "centre", "begun", "0", "begun"),
    Standing("sfh", "dock"),
    Standing("s", "lane", when="packed"),
    Standing("s", "bin", container="container", when="packed"),
    Standing("f", "bin", "quantity"),
    Standing("q", "cage", "quantity"),
    Standing("c", "bin", "CASE WHEN mod(n, 11) = 10 THEN 10 ELSE 0 END"),
    Standing("c", "lane", when="mod(n, 11) < 10"),
    Standing("c", "centre", when="mod(n, 11) < 10"),
    Standing("h", "bin"),
    Standing("h", "lane"),
    Standing("h", "centre"),
)  # fmt: skip


def balances() -> str:
    """Every balance, those that are at zero again included."""
    return _union(
        f"""SELECT pg_temp.key(at, {number} * 10000000000 + lot), lot, {row.location},
            {row.container}::bigint, {row.quantity}, {row.reserved}, {row.bound}
        FROM life WHERE strpos('{row.families}', family) > 0 AND {row.when}"""  # noqa: S608
        for number, row in enumerate(STANDINGS)
    )


class Claimed(NamedTuple):
    """Commitments of a family: open with a quantity, or closed without one."""

    families: str
    state: str
    line: str
    location: str
    quantity: str
    ago: str
    closed: str = ""
    container: str = "NULL"
    when: str = "true"


USED_UP = "family <> 'c' OR mod(n, 11) < 10"
CLAIMS = (
    Claimed("s", "staged", "open_line", "lane", "quantity", "0",
            container="CASE WHEN packed THEN container END"),
    Claimed("s", "reserved", "open_line", "bin", "20", "1 hour", when="left_over > 0"),
    Claimed("s", "issued", "open_line", "centre", "begun", "3 hours", when="begun > 0"),
    Claimed("s", "staged", "past_line", "lane", "0", "25 days", "595 hours"),
    Claimed("s", "issued", "past_line", "centre", "0", "595 hours", "588 hours"),
    Claimed("s", "used", "past_line", "sink", "10", "588 hours"),
    Claimed("ch", "staged", "past_line", "lane", "0", "2 days", "43 hours", when=USED_UP),
    Claimed("ch", "issued", "past_line", "centre", "0", "43 hours", "36 hours", when=USED_UP),
    Claimed("ch", "used", "past_line", "sink", "quantity", "36 hours", when=USED_UP),
)  # fmt: skip


def commitments() -> str:
    """What is claimed now, what was used, and what both went through."""
    return _union(
        f"""SELECT pg_temp.key(at, {number} * 10000000000 + lot), '{row.state}', lot,
            {row.location}, {row.container}::bigint, {row.line}, {row.quantity},
            at - interval '{row.ago}',
            CASE WHEN '{row.state}' = 'staged' THEN at - interval '{row.ago}' + %(dwell)s END,
            {f"at - interval '{row.closed}'" if row.closed else "NULL::timestamptz"}
        FROM life WHERE strpos('{row.families}', family) > 0 AND ({row.when})"""  # noqa: S608
        for number, row in enumerate(CLAIMS)
    )


def _union(parts: Iterable[str]) -> str:
    return " UNION ALL ".join(parts)
