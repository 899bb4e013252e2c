"""Guided flows: scan after scan until a verb is known whole, then it is carried out.

A flow is data (`flows`). What is known so far travels with the page (`known`), a scan says itself
what it is (`reading`), lines are made from what is known (`ends`), and what is left to do is
shown in the order of the walk (`positions`). `replay` takes scans that a device kept without a
network.
"""
