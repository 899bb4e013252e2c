"""Demands that other systems send, in our own format and in that of B2MML."""
