"""Due times worked out by the database, for as many positions as there are.

The same that `staging.dwell.terms` says line by line. Written out, because a policy is found and a
moment counted once for each position, in steps that a queryset would repeat in each other.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from inventory.models import Site
from inventory.zones import zone_named
from staging.dwell.terms import LONGEST, WARNS_AT
from staging.models.dwell import WEIGHTS

_TEXTS = ("category", "kind", "purpose")
_RANK = " + ".join(
    f"CASE WHEN p.{name} {'<> ' + repr('') if name in _TEXTS else 'IS NOT NULL'} "
    f"THEN {weight} ELSE 0 END"
    for name, weight in WEIGHTS.items()
)

DIALECTS: dict[str, dict[str, str]] = {
    "postgresql": {
        "differs": "IS DISTINCT FROM",
        "least": "LEAST",
        "micros": "(extract(epoch FROM {0}) * 1000000)::bigint",
        "minus": "(extract(epoch FROM ({0} - {1})) * 1000000)::bigint",
        "plus": "({0} + ({1}) * interval '1 microsecond')",
        "day": "(c.since AT TIME ZONE z.zone)::date",
        "zones": "SELECT key::bigint AS site_id, value AS zone FROM jsonb_each_text(%(zones)s)",
        "among": "= ANY(%(lots)s)",
        "longest": f"interval '{LONGEST.days} days'",
    },
    "sqlite": {
        "differs": "IS NOT",
        "least": "MIN",
        "micros": "{0}",
        "minus": "django_timestamp_diff({0}, {1})",
        "plus": "django_format_dtdelta('+', {0}, {1})",
        "day": "django_datetime_cast_date(c.since, z.zone, 'UTC')",
        "zones": "SELECT CAST(key AS integer) AS site_id, value AS zone FROM json_each(%(zones)s)",
        "among": "IN (SELECT value FROM json_each(%(lots)s))",
        "longest": str(LONGEST.days * 86_400_000_000),
    },
}


def _steps(which: str) -> str:
    """`counted`: for each open position the policy that counts, when it warns and is critical."""
    say = DIALECTS[connection.vendor]

    def micros(value: str) -> str:
        return say["micros"].format(value)

    def plus(moment: str, span: str) -> str:
        return say["plus"].format(moment, span)

    def after(span: str) -> str:
        wanted = f"worked + {micros(span)}"
        return f"""
            CASE WHEN {span} IS NULL THEN NULL
            WHEN worked IS NULL THEN {plus("since", micros(span))}
            ELSE (
                SELECT {plus("w.starts_at", f"{wanted} - w.before")} FROM staging_workingtime w
                WHERE w.site_id = timed.site_id AND w.before < {wanted}
                ORDER BY w.before DESC LIMIT 1
            ) END"""  # noqa: S608

    own = "CASE WHEN {0}.dwell_limit < " + say["longest"] + " THEN {0}.dwell_limit END"
    lane, material = own.format("l"), own.format("m")
    part, whole = WARNS_AT
    stretch = say["minus"].format(f"{say['least']}(since, w.ends_at)", "w.starts_at")
    return f"""
    WITH zones AS ({say["zones"]}),
    standing AS MATERIALIZED (
        SELECT c.id, c.since, l.site_id,
        c.dwell_policy_id AS old_policy, c.warn_at AS old_warn, c.due_at AS old_due,
        COALESCE({say["least"]}({lane}, {material}), {lane}, {material}) AS own,
        (
            SELECT p.id FROM staging_dwellpolicy p
            LEFT JOIN inventory_location a ON a.id = p.area_id
            WHERE p.dwell_set_id = %(version)s
            AND (p.material_id IS NULL OR p.material_id = lot.material_id)
            AND (p.category = '' OR p.category = m.category)
            AND (p.customer_id IS NULL OR p.customer_id = d.customer_id)
            AND (p.kind = '' OR p.kind = d.kind)
            AND (p.lane_id IS NULL OR p.lane_id = l.id)
            AND (p.area_id IS NULL OR substr(l.path, 1, length(a.path)) = a.path)
            AND (p.site_id IS NULL OR p.site_id = l.site_id)
            AND (p.purpose = '' OR p.purpose = l.purpose)
            AND (p.valid_from IS NULL OR p.valid_from <= {say["day"]})
            AND (p.valid_until IS NULL OR p.valid_until >= {say["day"]})
            ORDER BY {_RANK} DESC, length(COALESCE(a.path, '')) DESC, p.id LIMIT 1
        ) AS policy
        FROM staging_commitment c
        JOIN inventory_lot lot ON lot.id = c.lot_id
        JOIN inventory_material m ON m.id = lot.material_id
        JOIN inventory_location l ON l.id = c.location_id
        JOIN zones z ON z.site_id = l.site_id
        JOIN staging_requirement r ON r.id = c.requirement_id
        JOIN staging_demand d ON d.id = r.demand_id
        WHERE c.closed_at IS NULL AND c.state = 'staged' {which}
    ),
    timed AS MATERIALIZED (
        SELECT standing.*, p.warn_after, p.critical_after,
        CASE WHEN p.counted = 'working' THEN (
            SELECT w.before + {stretch} FROM staging_workingtime w
            WHERE w.site_id = standing.site_id AND w.starts_at <= standing.since
            ORDER BY w.starts_at DESC LIMIT 1
        ) END AS worked
        FROM standing LEFT JOIN staging_dwellpolicy p ON p.id = standing.policy
    ),
    due AS MATERIALIZED (
        SELECT timed.*, {after("warn_after")} AS warn_at, {after("critical_after")} AS due_at,
        CASE WHEN own IS NULL THEN NULL
        ELSE {plus("since", f"{micros('own')} * {part} / {whole}")} END AS own_warn,
        CASE WHEN own IS NULL THEN NULL ELSE {plus("since", micros("own"))} END AS own_due
        FROM timed
    ),
    counted AS MATERIALIZED (
        SELECT id, since, old_policy, old_warn, old_due,
        CASE WHEN by_own THEN NULL ELSE policy END AS policy,
        CASE WHEN by_own THEN own_warn ELSE warn_at END AS warn_at,
        CASE WHEN by_own THEN own_due ELSE due_at END AS due_at
        FROM (
            SELECT due.*, policy IS NULL
            OR own_due IS NOT NULL AND (due_at IS NULL OR own_due < due_at) AS by_own FROM due
        ) AS both_ways
    )"""  # noqa: S608 - all of it is written here


def _params(version: int | None, lots: Iterable[int] = ()) -> dict[str, Any]:
    standard = timezone.get_default_timezone()
    zones = {
        str(pk): name if zone_named(name) is not standard else settings.TIME_ZONE
        for pk, name in Site.objects.values_list("pk", "time_zone")
    }
    chosen: Any = list(lots) if connection.vendor == "postgresql" else json.dumps(list(lots))
    return {"version": version, "zones": json.dumps(zones), "lots": chosen}


def count_again(version: int | None, lots: Sequence[int]) -> int:
    """Work out anew what is staged of these lots, under the policies of a version. The caller has
    locked the lots. Says how many positions changed. Two statements."""
    say = DIALECTS[connection.vendor]
    differs = say["differs"]
    earliest = f"COALESCE({say['least']}(n.warn_at, n.due_at), n.warn_at, n.due_at)"
    sql = f"""{_steps(f"AND c.lot_id {say['among']}")}
    UPDATE staging_commitment AS c
    SET dwell_policy_id = n.policy, warn_at = n.warn_at, due_at = n.due_at, rings_at = {earliest}
    FROM counted n WHERE c.id = n.id AND (
        c.dwell_policy_id {differs} n.policy
        OR c.warn_at {differs} n.warn_at OR c.due_at {differs} n.due_at
    )"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(*_ready(sql, _params(version, lots)))
        if connection.vendor == "postgresql":
            return int(cursor.rowcount)
        cursor.execute("SELECT changes()")  # of what begins with WITH, the driver counts nothing
        return int(cursor.fetchone()[0])


def _ready(sql: str, params: dict[str, Any]) -> tuple[str, Any]:
    if connection.vendor == "postgresql":
        return sql.replace(
            "jsonb_each_text(%(zones)s)", "jsonb_each_text(%(zones)s::jsonb)"
        ), params
    return sql, params


def compare(version: int | None, at: Any) -> list[dict[str, Any]]:
    """What a version would make of all that is staged, policy by policy. Two statements."""
    sql = f"""{_steps("")}
    SELECT policy, count(*) AS positions,
    sum(CASE WHEN {_moved("<")} THEN 1 ELSE 0 END) AS sooner,
    sum(CASE WHEN {_moved(">")} THEN 1 ELSE 0 END) AS later,
    sum(CASE WHEN due_at <= %(at)s THEN 1 ELSE 0 END) AS critical,
    sum(CASE WHEN old_due <= %(at)s THEN 1 ELSE 0 END) AS was_critical,
    sum(CASE WHEN warn_at <= %(at)s AND (due_at IS NULL OR due_at > %(at)s) THEN 1 ELSE 0 END)
    AS warning
    FROM counted GROUP BY policy ORDER BY count(*) DESC, policy"""  # noqa: S608
    when = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(*_ready(sql, _params(version) | {"at": when}))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _moved(sign: str) -> str:
    """Whether it would be critical sooner, or later, than it is to be; never is the latest."""
    end = "'9999-12-31 00:00:00'"
    if connection.vendor == "postgresql":
        end += "::timestamptz"
    return f"COALESCE(due_at, {end}) {sign} COALESCE(old_due, {end})"
