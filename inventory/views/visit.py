"""What a person has done in this visit, kept in the session."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.forms import VerbForm
from inventory.models import MovementKind
from inventory.verbs import Verb

KEPT = 12
"""How many entries are kept, the newest first."""

UNDO_WITHIN = timedelta(minutes=10)
"""How long a press takes back what was done. After that, its movements are reversed one by one."""

LABELLED = {
    "receive": "lots",
    "produce": "lots",
    "split_lot": "lots",
    "merge_lots": "lots",
    "pack": "containers",
    "new_container": "containers",
    "number_container": "containers",
}
"""Verbs after which a label is due, and of what kind of thing."""

LINKED = ("demand", "lot", "container")
"""Things made that have a page, found by their label."""


def note(
    request: HttpRequest, verb: Verb, answer: dict[str, Any], entered: Iterable[str], *, key: str
) -> None:
    """Remember what was done; it is news until the next page shows it. `entered` says it in words
    where nothing moved.

    A page sent twice under one key is one entry: who lost the first answer sees it the second time.
    """
    movements = answer["movements"]
    undoable = [m["batch"] for m in movements if m["kind"] != MovementKind.REVERSE]
    entry = {
        "verb": verb.name,
        "key": key,
        "label": str(verb.label),
        "texts": _texts(answer, entered),
        "warnings": answer["warnings"],
        "made": [row["label"] for row in answer["objects"] if row["type"] in LINKED],
        "labels": _labels(verb, answer, undoable),
        "at": timezone.localtime().strftime("%H:%M"),
        "until": (timezone.now() + UNDO_WITHIN).timestamp(),
        "batch": undoable[0] if undoable else "",
    }
    others = [other for other in entries(request) if not key or other["key"] != key]
    request.session["done"] = [entry, *others][:KEPT]
    request.session["news"] = True


def entries(request: HttpRequest) -> list[dict[str, Any]]:
    """What was done, the newest first. `undoable` says whether a press still takes it back."""
    done, now = list(request.session.get("done", [])), timezone.now().timestamp()
    for entry in done:
        entry["undoable"] = bool(entry["batch"]) and now < entry.get("until", 0)
    return done


def take_news(request: HttpRequest) -> dict[str, Any] | None:
    """The newest entry, if no page has shown it yet."""
    return entries(request)[0] if request.session.pop("news", False) else None


def mark_undone(request: HttpRequest, batch: UUID) -> None:
    """The entry of this batch can no longer be undone."""
    done = entries(request)
    for entry in done:
        if entry["batch"] == str(batch):
            entry |= {"batch": "", "undone": True}
    request.session["done"] = done


def _labels(verb: Verb, answer: dict[str, Any], batches: list[str]) -> dict[str, str]:
    """Of what labels are due now, for the page that prints them; nothing where none are."""
    kind = LABELLED.get(verb.name)
    if kind is None:
        return {}
    if batches:
        return {"kind": kind, "query": urlencode({"batch": batches[0]})}
    codes = [row["label"] for row in answer["objects"] if row["type"] == "container"]
    return {"kind": kind, "query": urlencode({"container": codes}, doseq=True)} if codes else {}


def _texts(answer: dict[str, Any], entered: Iterable[str]) -> list[str]:
    texts = [in_words(movement) for movement in answer["movements"]]
    texts += [row["label"] for row in answer["objects"]]
    return texts or [" · ".join(entered)]


def in_words(movement: dict[str, Any]) -> str:
    """A movement of an answer: how much of what, from where to where, for which demand."""
    words = _("%(quantity)s %(unit)s of %(lot)s: %(source)s → %(target)s") % movement
    return f"{words} · {movement['reference']}" if movement["reference"] else words


def as_entered(form: VerbForm) -> Iterable[str]:
    """What the person entered, for a verb that moved nothing; a signature stays out."""
    for field in form.verb.fields:
        value = form.cleaned_data[field.name]
        if value not in (None, "", ()) and not field.about.secret and not field.many:
            yield str(value)
