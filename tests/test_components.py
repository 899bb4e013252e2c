"""The small parts of a page say what they should, and escape what they are given."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone, translation
from django.utils.html import strip_tags
from django.utils.safestring import mark_safe

from inventory.templatetags import components


def seen(html: str) -> str:
    """The text that a person reads."""
    return " ".join(strip_tags(html).replace("\xa0", " ").split())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Decimal("1234567.500000"), "1,234,567.5 KGM"),
        (Decimal("2500.000"), "2,500 KGM"),
        (Decimal("1E+3"), "1,000 KGM"),
        (Decimal("0.000000"), "0 KGM"),
        (Decimal("0.00015"), "0.00015 KGM"),
        (Decimal("-0.25"), "-0.25 KGM"),
        (12000, "12,000 KGM"),
        (None, "\u2013"),
    ],
)
def test_a_quantity_is_exact_and_grouped(value: Any, words: str) -> None:
    assert seen(components.quantity(value, "KGM")) == words


def test_a_quantity_is_spelled_as_the_language_does() -> None:
    with translation.override("de"):
        assert seen(components.quantity(Decimal("1234.50"))) == "1.234,5"


@pytest.mark.parametrize(
    ("gone", "tone", "word"),
    [(0.5, "tone-ok", "in time"), (0.81, "tone-warn", "due soon"), (1.01, "tone-bad", "overdue")],
)
def test_an_age_is_measured_against_its_limit(gone: float, tone: str, word: str) -> None:
    since = timezone.now() - gone * timedelta(days=2)
    limit, warning = (since + part * timedelta(days=2) for part in (1, 0.8))
    drawn = components.age(since, limit, warning, show_limit=True)
    assert f'class="age {tone}"' in drawn
    assert seen(drawn).endswith(f"of 2 days {word}")


def test_an_age_without_a_limit_is_calm() -> None:
    drawn = components.age(timezone.now() - timedelta(minutes=5))
    assert "tone-calm" in drawn
    assert seen(drawn) == "5 minutes"


@pytest.mark.parametrize(
    ("minutes", "done", "tone", "word"),
    [
        (-90, None, "tone-bad", "late by 1 hour, 30 minutes"),
        (20.5, None, "tone-warn", "in 20 minutes"),
        (120.5, None, "tone-calm", "in 2 hours"),
        (-90, timezone.now(), "tone-calm", ""),
    ],
)
def test_what_is_due_says_when(minutes: float, done: Any, tone: str, word: str) -> None:
    at = timezone.now() + timedelta(minutes=minutes)
    drawn = components.due(at, done=done)
    assert f'class="age {tone}"' in drawn
    assert seen(drawn) == f"{timezone.localtime(at):%-d %b %H:%M} {word}".strip()


@pytest.mark.parametrize(
    ("occupied", "tone", "word"),
    [
        (3, "tone-ok", "30 % full"),
        (9, "tone-warn", "Nearly full"),
        (10, "tone-warn", "Full"),
        (12, "tone-bad", "Over capacity"),
    ],
)
def test_a_fill_level_has_a_word(occupied: int, tone: str, word: str) -> None:
    drawn = components.fill(occupied, 10, unit="positions")
    assert f'class="fill {tone}"' in drawn
    assert seen(drawn) == f"{occupied} of 10 positions {word}"
    assert seen(components.fill(occupied, None)) == f"{occupied}no limit set"


def test_statuses_and_stop_codes_share_their_words() -> None:
    assert components.status_badge("lot_expired") == components.status_badge("expired")
    assert (
        seen(components.status_badges(["released", "partly_on_hold"])) == "ReleasedPartly on hold"
    )
    assert seen(components.state_badge("ready")) == "Ready"
    assert "badge-struck" in components.state_badge("cancelled")


def test_templates_know_the_parts_and_nothing_gets_through_unescaped() -> None:
    page = Template('{% icon "x" alt=bad %}{% badge "ok" "x" bad %}{% quantity 1 bad %}')
    page_of_a_stranger = page.render(Context({"bad": '"><script>'}))
    assert "<script>" not in page_of_a_stranger
    assert "<script>" not in components.status_badge("<script>") + components.state_badge(
        "<script>"
    )


def test_a_select_names_its_groups_and_escapes_its_choices() -> None:
    chosen = forms.ChoiceField(
        choices=[("", "Any"), ("Yard", [("a<b", "A & B"), ("c", mark_safe("<C>"))])]
    )
    form = type("Form", (forms.Form,), {"lane": chosen})({"lane": "a<b"})
    drawn = str(form["lane"])
    assert '<option value="">Any</option>' in drawn
    assert '<optgroup label="Yard"><option value="a&lt;b" selected>A &amp; B</option>' in drawn
    assert '<option value="c"><C></option>' in drawn


def test_an_equal_quantity_in_an_unsafe_unit_is_escaped() -> None:
    assert "<b>" in components.quantity(Decimal(1), mark_safe("<b>"))
    assert "&lt;b&gt;" in components.quantity(Decimal(1), "<b>")
