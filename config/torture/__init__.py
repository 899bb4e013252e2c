"""Torture: many clients at once, processes killed under them, and then the books are opened.

`runner` conducts: `stack` brings up servers of its own, `plant` fills the database, each `client`
sends what `plan` draws through one of the `doors` and keeps a `journal`, `chaos` kills and
restarts, and `proof` compares ledger and journals. `manage.py torture` runs it all.
"""
