"""Tryton's side of the comparison, run by a Python of its own from `requirements/peer.txt`.

Nothing here is imported by Forestage, and nothing here imports it.
"""
