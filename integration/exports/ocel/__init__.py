"""The flow of material as an object-centric event log: OCEL 2.0, JSON, for process mining.

Values are text, as the standard's schema has them: decimals stay exact. No person is named.
"""
