"""Of what each role is told, as every installation starts; the plant changes it in the admin."""

from typing import Any

IN_APP, DIGEST, IMMEDIATE = 1, 2, 3

RULES = {
    # the level it is told from, notices, warnings, critical alerts
    "operator": (1, IN_APP, IN_APP, IN_APP),
    "supervisor": (2, IN_APP, DIGEST, IMMEDIATE),
    "qa": (3, IN_APP, DIGEST, IMMEDIATE),
}


def install(apps: Any) -> None:
    """Add the rules of the roles that there are; what is there stays. `apps` may be a migration's
    or the real registry."""
    rule, role = apps.get_model("integration", "NoticeRule"), apps.get_model("auth", "Group")
    roles = dict(role.objects.filter(name__in=RULES).values_list("name", "pk"))
    names = ("level", "notice", "warning", "critical")
    rule.objects.bulk_create(
        [
            rule(role_id=roles[name], **dict(zip(names, values, strict=True)))
            for name, values in RULES.items()
            if name in roles
        ],
        ignore_conflicts=True,
    )
