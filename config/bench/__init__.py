"""The benchmark: Forestage beside the limit of the database it runs on, and beside a peer.

`data` loads a plant of a given size by COPY. Each other module measures one thing on it and
yields `report.Measure`s: `posting` the single and the bulk stage, `sweep` the clock, `reads` what
people look at, `tryton` the same moves in another product. `manage.py bench` runs them all.
"""
