"""Days that are kept: counted once they are over, added up whenever somebody asks.

`spans` says how a span of time is kept, `counting` counts one day of a site, `keeping` knows which
days are to be counted, `sums` reads what is kept. docs/numbers.md has the definitions.
"""
