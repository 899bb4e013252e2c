"""EPCIS 2.0: what happened here as events of the standard, and partners' events as our actions.

`kinds` and `streams` say which of our records is which event, `events` writes it, `asking` reads a
query, `reading` pages through the answer, `capture` takes events in.
"""
