"""What may be scanned: GS1 element strings, Digital Links, EANs, and our own codes."""

from inventory.scanning.reading import LONGEST, as_scanned, may_say_more, read
from inventory.scanning.scan import Form, Scan

from inventory.scanning.finding import Meant, resolve  # isort: skip - it needs those above

__all__ = ["LONGEST", "Form", "Meant", "Scan", "as_scanned", "may_say_more", "read", "resolve"]
