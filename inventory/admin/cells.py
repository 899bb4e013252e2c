"""How values stand in lists and on pages of the admin."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from inventory.models import Movement, Seal
from inventory.templatetags.components import badge as badge
from inventory.templatetags.components import state_badge as state_badge
from inventory.templatetags.components import status_badges as status_badges
from inventory.wording import spelled

EMPTY = "-"


def amount(quantity: Decimal | None, unit: str) -> str:
    """A quantity with its unit: `2500 KGM`."""
    return EMPTY if quantity is None else f"{spelled(quantity)} {unit}"


def link(row: models.Model | None) -> str | SafeString:
    """The row's name, leading to its page in the admin."""
    if row is None:
        return EMPTY
    return format_html('<a href="{}">{}</a>', page_of(row), row)


def page_of(row: models.Model) -> str:
    """Where the admin shows a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def passed(value: bool) -> SafeString:
    """Pass or fail, never by colour alone."""
    if value:
        return badge("ok", "check-circle-fill", _("Passed"))
    return badge("bad", "x-octagon-fill", _("Failed"))


def changes_table(changes: Mapping[str, list[Any]]) -> SafeString | str:
    """Old and new values, one field a row."""
    if not changes:
        return EMPTY
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
        ((name, _plain(pair[0]), _plain(pair[1])) for name, pair in changes.items()),
    )
    return format_html(
        '<table class="facts-table"><thead><tr><th scope="col">{}</th><th scope="col">{}</th>'
        '<th scope="col">{}</th></tr></thead><tbody>{}</tbody></table>',
        _("Field"), _("Old"), _("New"), rows,
    )  # fmt: skip


def facts_table(facts: Mapping[str, Any]) -> SafeString | str:
    """What else was recorded, one fact a row."""
    if not facts:
        return EMPTY
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{}</td></tr>',
        ((name, _plain(value)) for name, value in facts.items()),
    )
    return format_html('<table class="facts-table"><tbody>{}</tbody></table>', rows)


def _plain(value: Any) -> str:
    if value is None or value == "":
        return EMPTY
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_plain(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(part) for part in value) or EMPTY
    return str(value)


def seal(movement: Movement) -> str | SafeString:
    """The seal over a movement, and where its proof is."""
    over = Seal.objects.over(movement._meta.label_lower, movement.pk)
    if over is None:
        return _("Not sealed yet")
    proof = reverse("movement-proof", args=[movement.pk])
    name = f"movement-{movement.pk}-proof.json"
    words = _("Download the proof")
    return format_html('{} · <a href="{}" download="{}">{}</a>', link(over), proof, name, words)
