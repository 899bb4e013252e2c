"""Worklists: the work that open alerts call for, stop by stop on a walk through the plant.

What an alert calls for is data (`works`). Alerts at one place on one thing make one stop (`stops`),
which is worked off in a guided flow (`at_stop`); what the work has settled is closed in its own
transaction (`again`).
"""
