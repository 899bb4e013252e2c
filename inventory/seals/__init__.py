"""Tamper evidence: what is sealed, how, and how it is checked. docs/seals.md explains it."""
