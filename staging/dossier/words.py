"""How the dossier says things: codes in words, moments in the reader's time zone."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.models import LocationKind, LotStatus, MovementKind, Surface
from inventory.models.materials import MaterialKind
from quality.models import DecisionKind, Ending, InspectionKind, Meaning, Method, Outcome
from quality.seen import in_words
from staging.models import State
from staging.models.alerts import AlertLevel, AlertReason, AlertStepKind, Severity

NOTHING = "–"  # noqa: RUF001 - as the pages show it

CHOICES: dict[str, Any] = {
    "alert": AlertReason,
    "alert_step": AlertStepKind,
    "alert_level": AlertLevel,
    "severity": Severity,
    "decision": DecisionKind,
    "ending": Ending,
    "inspection": InspectionKind,
    "material": MaterialKind,
    "meaning": Meaning,
    "method": Method,
    "movement": MovementKind,
    "outcome": Outcome,
    "place": LocationKind,
    "state": State,
    "status": LotStatus,
    "surface": Surface,
}


def word(kind: str, code: str | int) -> str:
    """What a code means; itself, if it is none that is known any more."""
    known = dict(CHOICES[kind].choices)
    return str(known.get(code, code))


def at(moment: str | None) -> str:
    """A moment with its zone."""
    return f"{local(moment):%Y-%m-%d %H:%M:%S %Z}" if moment else NOTHING


def local(moment: str) -> datetime:
    return timezone.localtime(datetime.fromisoformat(moment))


def name(who: dict[str, str] | None) -> str:
    """Full name and user name."""
    if not who:
        return NOTHING
    return f"{who['name']} ({who['user']})" if who["name"] else who["user"]


def joined(*parts: Any, by: str = " · ") -> str:
    """The parts that are not empty."""
    return by.join(str(part) for part in parts if part not in (None, "", [])) or NOTHING


def when(row: dict[str, Any]) -> str:
    """When it was recorded, and when it is said to have happened if that is another minute."""
    recorded, claimed = at(row["recorded_at"]), at(row["occurred_at"])
    if abs((local(row["recorded_at"]) - local(row["occurred_at"])).total_seconds()) < 60:
        return recorded
    return f"{recorded}\n{_('said to have happened %(at)s') % {'at': claimed}}"


def signed(signature: dict[str, Any]) -> str:
    """A signature as 21 CFR 11.50 wants it shown, and how it stands to its record now."""
    lines = [
        joined(*dict.fromkeys(signature[key] for key in ("printed_name", "username", "role"))),
        joined(at(signature["signed_at"]), _("signed in %(zone)s") % {"zone": signature["zone"]}),
        joined(
            f"{_('Meaning')}: {word('meaning', signature['meaning'])}",
            word("method", signature["method"]),
        ),
        signature["reason"],
        _("History reviewed") if signature["reviewed"] else "",
        standing(signature),
    ]
    return "\n".join(filter(None, lines))


def standing(signature: dict[str, Any]) -> str:
    """Whether the signature fits its record, and whether the lot has moved on since."""
    if signature["wrong"]:
        return _("NOT VALID: it does not fit its record (%(what)s)") % {
            "what": ", ".join(signature["wrong"])
        }
    if signature["changed_since"]:
        changed = in_words(signature["changed_since"])
        return _("Fits its record; changed since: %(what)s") % {"what": changed}
    return _("Fits its record; nothing changed since")


def changes(entry: dict[str, Any]) -> str:
    """Old and new values of an audit entry."""
    found = []
    for field, values in entry["changes"].items():
        both = values if isinstance(values, list) and len(values) == 2 else [None, values]
        old, new = (NOTHING if value in (None, "") else str(value) for value in both)
        found.append(f"{field}: {old} → {new}")
    return "\n".join(found)


def limits(result: dict[str, Any]) -> str:
    low, high = result["lower"], result["upper"]
    if low is None and high is None:
        return NOTHING
    if high is None:
        return f"≥ {low}"
    return f"≤ {high}" if low is None else f"{low} … {high}"


def verdict(passed: bool) -> str:
    return str(_("Passed") if passed else _("FAILED"))


def lines(texts: Iterable[str]) -> str:
    return "\n".join(texts) or NOTHING
