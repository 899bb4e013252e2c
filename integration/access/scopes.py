"""What a token is for: scopes by verb and for reading, and the sites it is limited to.

Written as OAuth 2.0 has it, with blanks between: `read staging.stage site:RVS`. A scope allows
nothing by itself: the roles of the client's user do, and scopes narrow them.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from django.utils.translation import gettext_lazy as _

from integration.models.access import EVERYTHING
from inventory.errors import Refused
from inventory.fields import Words
from inventory.models import Site
from inventory.verbs import REGISTRY

READ = "read"
SITE = "site:"
ALL_OF = ".*"

_OTHERS: dict[str, Words] = {
    "quality.attach_file": _("Attach files"),
    "staging.print_labels": _("Print labels"),
    "inventory.export_audit": _("Export the ledger"),
    "integration.capture_epcis": _("Capture EPCIS events"),
    "integration.send_demand": _("Send demands"),
    "integration.put_material": _("Put materials"),
    "integration.put_location": _("Put locations"),
    "integration.put_lot": _("Put lots"),
}
"""What the API does beside the verbs, by permission."""


def register(permission: str, label: Words) -> None:
    """Let another thing that the API does be a scope."""
    _OTHERS[permission] = label


def doing() -> Mapping[str, Words]:
    """The scopes for doing: each verb's permission, and what else may be done."""
    return {verb.permission: verb.label for verb in REGISTRY.values()} | _OTHERS


def known() -> list[str]:
    """Every scope there is."""
    single = doing()
    apps = dict.fromkeys(f"{permission.partition('.')[0]}{ALL_OF}" for permission in single)
    return [EVERYTHING, READ, *apps, *single]


def check(scopes: Iterable[str]) -> list[str]:
    """The scopes, each once, in order. Refuses `unknown_scope` and `scope_needed`."""
    asked, there = dict.fromkeys(scopes), known()
    if unknown := [scope for scope in asked if scope not in there]:
        raise Refused(
            _("There is no scope “%(scope)s”."),
            code="unknown_scope",
            field="scopes",
            hint=_(
                "A scope is *, read, the permission of a verb such as staging.stage, or staging.*."
            ),
            scope=unknown[0],
        )
    if not asked:
        raise Refused(
            _("Say what it is for."),
            code="scope_needed",
            field="scopes",
            hint=_("“*” allows all that the roles of its user allow."),
        )
    return [EVERYTHING] if EVERYTHING in asked else [scope for scope in there if scope in asked]


@cache
def needed(permission: str) -> str:
    """The scope that a permission comes under: `read`, or the permission itself."""
    name = permission.partition(".")[2]
    return READ if name.startswith("view_") else permission


def allows(scopes: Sequence[str], scope: str) -> bool:
    """Whether one of the scopes covers it."""
    return scope in scopes or EVERYTHING in scopes or _all_of(scope) in scopes


def missing(scopes: Sequence[str], permissions: Iterable[str]) -> str:
    """The first scope that is asked for and not there; '' where nothing is missing."""
    wanted = (needed(permission) for permission in permissions)
    return next((scope for scope in wanted if not allows(scopes, scope)), "")


def _all_of(scope: str) -> str:
    app, dot, _name = scope.partition(".")
    return f"{app}{ALL_OF}" if dot else scope


def spelled(scopes: Iterable[str], codes: Iterable[str]) -> str:
    """Scopes and site codes as one text."""
    return " ".join([*scopes, *(f"{SITE}{code}" for code in codes)])


def narrowed(
    asked: str, *, scopes: Sequence[str], sites: Sequence[int]
) -> tuple[list[str], list[int]]:
    """What is asked for of what there is; all of it where nothing is asked.

    Refuses `unknown_scope` for what there is not, or is not given.
    """
    words = asked.split()
    names = [word for word in words if not word.startswith(SITE)]
    wanted = check(names) if names else list(scopes)
    codes = [word.removeprefix(SITE) for word in words if word.startswith(SITE)]
    found = dict(Site.objects.filter(code__in=codes).values_list("code", "pk"))
    beyond = [scope for scope in wanted if not allows(scopes, scope)]
    beyond += [f"{SITE}{code}" for code in codes if not _within(found.get(code), sites)]
    if beyond:
        raise Refused(
            _("The scope “%(scope)s” is not given to this client."),
            code="unknown_scope",
            field="scopes",
            scope=beyond[0],
        )
    return wanted, sorted(found.values()) or list(sites)


def _within(site: int | None, sites: Sequence[int]) -> bool:
    return site is not None and (not sites or site in sites)
