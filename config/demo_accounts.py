"""Who can sign in to the demo. Printed at its start, and created by the command `seed_demo`."""

from typing import NamedTuple

DEMO_PASSWORD = "forestage-demo"  # noqa: S105 - meant to be read aloud; the demo is not a server


class DemoAccount(NamedTuple):
    """One person of the demo: `role` names the group that carries the permissions."""

    username: str
    role: str
    full_name: str
    does: str
    signs_in: bool = True
    """Whether with a password: a system has a token instead."""


DEMO_ACCOUNTS = (
    DemoAccount("operator", "operator", "Olga Operator", "scans, stages, issues, ships"),
    DemoAccount("qa", "qa", "Quentin Quality", "inspects, releases, holds lots"),
    DemoAccount("qa2", "qa", "Petra Quality", "signs second, puts rules and plans into force"),
    DemoAccount("supervisor", "supervisor", "Sana Supervisor", "plans demand, watches the boards"),
    DemoAccount("auditor", "auditor", "Aino Auditor", "reads everything, changes nothing"),
    DemoAccount("integrator", "integrator", "Ivan Integrator", "connects MES, WMS and ERP", False),
    DemoAccount("admin", "admin", "Ada Admin", "administers people and master data"),
)
