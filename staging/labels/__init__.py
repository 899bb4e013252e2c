"""Labels for lots, containers, locations and demands: what each says, where it stands, as PDF and
ZPL. What is printed scans back.

`content` says what a label says, `layout` where it stands, `pdf` and `zpl` draw it, `printing`
does it all and puts it down in the audit trail.
"""
