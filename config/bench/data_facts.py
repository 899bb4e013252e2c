"""The rows of the benchmark's plant, from the table of lives that `data_life` makes."""

LOTS = """
    INSERT INTO inventory_lot (id, material_id, number, code, supplier_lot, made_on, expires_on,
        retest_on, status, created_at)
    SELECT lot, material, 'L' || lot, code || '/L' || lot, 'V' || lot, at::date - 30,
        CASE WHEN family = 's' AND mod(k, 300) = 17 THEN %(now)s::date - 1
            WHEN family IN ('c', 'h') THEN at::date + 90
            ELSE %(now)s::date + 60 + mod(n * 13, 400)::int END,
        NULL,
        CASE WHEN family = 'q' OR family = 's' AND mod(k, 200) = 3 THEN 'quarantine'
            WHEN family = 's' AND mod(k, 400) = 5 THEN 'rejected'
            WHEN family = 's' AND mod(k, 200) = 9 THEN 'restricted'
            WHEN family = 'h' AND mod(n, 2) = 0 THEN 'closed'
            ELSE 'released' END,
        at - interval '30 days'
    FROM life JOIN inventory_material material ON material.id = life.material
    ORDER BY lot
"""

CONTAINERS = """
    INSERT INTO inventory_container (id, code, sscc, kind, parent_id, location_id)
    SELECT container, 'C' || container, '9521234' || lpad(container::text, 11, '0'), 'pallet',
        NULL, lane
    FROM life WHERE packed ORDER BY container
"""

_DEMANDS = """
    INSERT INTO staging_demand (id, kind, reference, site_id, needed_at, work_center_id,
        customer_id, route, carrier, product_id, created_at, closed_at, closed_by_id, cancelled)
    SELECT id, (ARRAY['production', 'production', 'operation', 'shipment'])[mod(g, 4) + 1],
        pg_temp.named(id, g), g / 20 + 1, {needed},
        CASE WHEN mod(g, 4) < 3 THEN g / 20 * 200 + 10 + mod(g, 4) END,
        CASE WHEN mod(g, 4) = 3 THEN g / 20 * 200 + 16 + mod(d / %(lanes)s, 4) END,
        CASE WHEN mod(g, 4) = 3 THEN 'R-' || mod(d, 40) ELSE '' END, '', NULL,
        {needed} - interval '30 days', {closed}, false
    FROM (SELECT d, mod(d, %(lanes)s) AS g, d + 1 + {first} AS id
        FROM generate_series(0, {count} - 1) d) demands
"""

OPEN_DEMANDS = tuple(
    _DEMANDS.format(
        first=first,
        count=count,
        closed="NULL, NULL",
        needed="%(now)s + CASE WHEN mod(d, 100) = 50 THEN interval '-1 day'"
        " ELSE interval '3 days' + mod(d * 37, 2000) * interval '10 minutes' END",
    )
    for first, count in (("0", "%(open)s::bigint"), ("2 * %(open)s", "%(targets)s::bigint"))
)
PAST_DEMANDS = tuple(
    _DEMANDS.format(
        first=first,
        count=count,
        closed="%(now)s - interval '12 hours', %(system)s",
        needed="%(now)s - (1 + mod(d, 200)) * interval '1 day'",
    )
    for first, count in (
        ("%(open)s", "%(open)s::bigint"),
        (
            "2 * %(open)s + %(targets)s",
            "((%(used)s::bigint + 20 * %(lanes)s - 1) / (20 * %(lanes)s) * %(lanes)s)",
        ),
    )
)

REQUIREMENTS = """
    INSERT INTO staging_requirement (id, demand_id, line, material_id, quantity, lot_id)
    SELECT open_line, open_demand, mod(CASE family WHEN 'f' THEN n ELSE p END, 20) + 1, material,
        quantity + CASE WHEN left_over > 0 THEN 20 ELSE 0 END + begun
            + CASE WHEN mod(p, 40) IN (3, 9) THEN 10 ELSE 0 END, NULL::bigint
    FROM life WHERE open_line IS NOT NULL
    UNION ALL
    SELECT past_line, past_demand, CASE family WHEN 'c' THEN 20 ELSE mod(p, 20) END + 1, material,
        CASE family WHEN 's' THEN 10 ELSE quantity END, NULL
    FROM life WHERE past_line IS NOT NULL AND (family <> 'c' OR mod(n, 11) < 10)
"""

MOVEMENTS = """
    INSERT INTO inventory_movement (id, kind, lot_id, quantity, source_id, target_id,
        from_container_id, to_container_id, task, reference, rule_version, batch, actor_id,
        surface, reason, occurred_at, recorded_at)
    SELECT row_number() OVER (ORDER BY at, batch), kind, lot, quantity, source, target,
        from_container, to_container, task, name, rules, pg_temp.key(at, batch),
        %(operator)s + hand, 'api', '', at, at
    FROM ({moves}) moves ORDER BY at, batch
"""

BALANCES = """
    INSERT INTO inventory_balance
        (id, lot_id, location_id, container_id, quantity, reserved, bound)
    {balances}
"""

COMMITMENTS = """
    INSERT INTO staging_commitment (id, state, lot_id, location_id, container_id,
        requirement_id, quantity, since, due_at, closed_at, rings_at)
    SELECT *, CASE WHEN closed_at IS NULL THEN due_at END FROM ({commitments})
        AS claims (id, state, lot_id, location_id, container_id, requirement_id, quantity, since,
            due_at, closed_at)
"""

AUDIT = """
    INSERT INTO inventory_auditentry (id, action, subject_type, subject_id, subject, changes, facts,
        batch, actor_id, surface, reason, occurred_at, recorded_at)
    SELECT row_number() OVER (ORDER BY at, batch),
        CASE WHEN kind IN ('receive', 'put_away', 'move', 'sample', 'pack') THEN 'inventory.'
            ELSE 'staging.' END || kind,
        CASE WHEN task IS NULL THEN 'inventory.lot' ELSE 'staging.demand' END,
        CASE WHEN task IS NULL THEN lot::text ELSE split_part(name, '-', 2) END,
        CASE WHEN task IS NULL THEN 'L' || lot ELSE name END, '{{}}', '{{"lines": 5}}',
        pg_temp.key(at, batch), %(operator)s + hand, 'api', '', at, at
    FROM ({moves}) moves WHERE first ORDER BY at, batch
"""

REFUSED = """
    INSERT INTO inventory_auditentry (id, action, subject_type, subject_id, subject, changes, facts,
        batch, actor_id, surface, reason, occurred_at, recorded_at)
    SELECT (SELECT max(id) FROM inventory_auditentry) + row_number() OVER (ORDER BY at),
        'refused', 'inventory.lot', lot::text, 'L' || lot, '{}',
        '{"verb": "staging.stage", "code": "not_enough", "attempts": 1}',
        pg_temp.key(at, lot), %(operator)s + mod(hand, 10), 'browser', '', at, at
    FROM life WHERE family = 's' AND mod(k, 500) = 0 ORDER BY at
"""

ATTEMPTS = """
    INSERT INTO inventory_refusedattempt (id, verb, code, message, field, line, lot_id, material_id,
        location_id, demand, quantity, unit, asked, batch, actor_id, surface, reason, occurred_at,
        recorded_at)
    SELECT row_number() OVER (ORDER BY entry.id), entry.facts->>'verb', entry.facts->>'code',
        'Only so much is free.', 'quantity', 0, lot.id, lot.material_id,
        lanes.ids[1 + mod(lot.id, cardinality(lanes.ids))], '', 10, '', '{}', entry.batch,
        entry.actor_id, entry.surface, '', entry.occurred_at, entry.recorded_at
    FROM inventory_auditentry entry
    JOIN inventory_lot lot ON lot.id = entry.subject_id::bigint
    CROSS JOIN (
        SELECT array_agg(id ORDER BY id) AS ids FROM inventory_location WHERE kind = 'staging'
    ) lanes
    WHERE entry.action = 'refused'
"""

LINKS = """
    INSERT INTO inventory_lotlink (id, parent_id, child_id, kind, quantity,
        batch, actor_id, surface, reason, occurred_at, recorded_at)
    SELECT row_number() OVER (ORDER BY child.lot), parent.lot, child.lot, 'consume', 10,
        pg_temp.key(child.at, child.lot), %(operator)s, 'api', '', child.at, child.at
    FROM life child
    JOIN life parent ON parent.past_demand = child.past_demand - %(lanes)s
        AND (parent.family = 's' OR parent.family = 'c')
    WHERE child.family = 'c' AND mod(child.n, 11) > 0
"""
"""What an order of a chain used, its materials and the link before, went into the next link."""

DECISIONS = """
    INSERT INTO quality_decision (id, lot_id, kind, from_status, to_status, meaning, signed_by,
        until, "references", batch, actor_id, surface, reason, occurred_at, recorded_at)
    SELECT lot, lot, 'release', 'quarantine', 'released', 'approval', 'The benchmark', NULL, '[]',
        pg_temp.key(at, lot), %(operator)s, 'admin', '', at - interval '27 days',
        at - interval '27 days'
    FROM life WHERE family <> 'q' ORDER BY lot
"""

PERMITS = """
    INSERT INTO quality_restricteduse (id, lot_id, reference, until)
    SELECT row_number() OVER (), lot, open_name, NULL
    FROM life WHERE family = 's' AND mod(k, 200) = 9
"""

HOLDS = """
    INSERT INTO quality_hold (id, lot_id, container_id, location_id, material_id, lifted_at,
        lifted_by_id, lift_reason, supplier_lot, batch, actor_id, surface, reason, occurred_at,
        recorded_at)
    SELECT row_number() OVER (), lot, container, location, material, lifted,
        CASE WHEN lifted IS NOT NULL THEN %(operator)s END,
        CASE WHEN lifted IS NOT NULL THEN 'Seen to.' ELSE '' END, '',
        pg_temp.key(at, 0), %(operator)s, 'admin', 'To be looked at', at, at
    FROM (
        SELECT lot, NULL::bigint AS container, NULL::bigint AS location, NULL::bigint AS material,
            at, CASE WHEN mod(k, 1000) = 22 THEN %(now)s END AS lifted
        FROM life WHERE family = 's' AND mod(k, 1000) IN (21, 22)
        UNION ALL
        SELECT NULL, container, NULL, NULL, at, NULL
        FROM life WHERE packed AND mod(k, 2000) = 24
        UNION ALL
        SELECT NULL, NULL, site * 200 + 199, NULL, %(now)s, NULL
        FROM generate_series(0, %(sites)s - 1) site
        UNION ALL
        SELECT NULL, NULL, site * 200 + 59, NULL, %(now)s, NULL
        FROM generate_series(9, %(sites)s - 1, 10) site
        UNION ALL
        SELECT NULL, NULL, NULL, site * 61 + 50, %(now)s, NULL
        FROM generate_series(0, %(sites)s - 1, 4) site
    ) held
"""
"""On some lots and containers, a bin of each site, a material of each 4th, a lane of each 10th."""

OLD_ALERTS = """
    INSERT INTO staging_alert (reason, detail, site_id, commitment_id, demand_id, lot_id,
        location_id, container_id, raised_at, acknowledged_at, acknowledged_by_id,
        acknowledge_reason, closed_at)
    SELECT 'dwell_critical', '', location.site_id, commitment.id, requirement.demand_id,
        commitment.lot_id, commitment.location_id, NULL, closed_at - interval '1 hour', NULL, NULL,
        '', closed_at
    FROM staging_commitment commitment
    JOIN staging_requirement requirement ON requirement.id = commitment.requirement_id
    JOIN inventory_location location ON location.id = commitment.location_id
    WHERE commitment.closed_at IS NOT NULL AND state = 'staged' AND mod(commitment.lot_id, 50) = 0
"""
