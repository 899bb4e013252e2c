"""Catalogues as they are written, and what of a page is still in the language of the code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from django.conf import settings

QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|%%")
SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-label", "data-confirm")
"""Attributes whose text is read by people; other `data-` attributes are looked at as well."""


@dataclass
class Entry:
    """One text of a catalogue with its translations."""

    context: str = ""
    text: str = ""
    plural: str = ""
    said: dict[int, str] = field(default_factory=dict)
    fuzzy: bool = False

    @property
    def key(self) -> str:
        """As gettext keeps it in the compiled catalogue."""
        return f"{self.context}\x04{self.text}" if self.context else self.text


def path_of(language: str, ending: str = "po") -> Path:
    return Path(settings.BASE_DIR, "locale", language, "LC_MESSAGES", f"django.{ending}")


@cache
def catalogue(language: str) -> list[Entry]:
    """The entries of a `.po`, without its header."""
    found = [_entry(block) for block in path_of(language).read_text().split("\n\n")]
    return [entry for entry in found if entry.text]


def _entry(block: str) -> Entry:
    entry, target = Entry(), ("", 0)
    for line in block.splitlines():
        if line.startswith("#,"):
            entry.fuzzy = "fuzzy" in line
        if line.startswith("#"):
            continue
        if match := re.match(r"(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d)\])? ", line):
            target = (match[1], int(match[2] or 0))
        text = "".join(_unescaped(part) for part in QUOTED.findall(line))
        _add(entry, target, text)
    return entry


def _unescaped(text: str) -> str:
    return re.sub(r"\\.", lambda match: ESCAPES[match[0]], text)


def _add(entry: Entry, target: tuple[str, int], text: str) -> None:
    match target:
        case "msgctxt", _:
            entry.context += text
        case "msgid", _:
            entry.text += text
        case "msgid_plural", _:
            entry.plural += text
        case "msgstr", number:
            entry.said[number] = entry.said.get(number, "") + text


def placeholders(text: str) -> list[str]:
    return sorted(set(PLACEHOLDER.findall(text)))


# --- pages --------------------------------------------------------------------------------------


class Words(HTMLParser):
    """The texts of a page that people read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("script", "style")
        for name, value in attrs:
            if value and (name in SPOKEN or name.startswith("data-")):
                self.found.append(value)

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.found.append(data)


def untranslated(page: str, language: str) -> Iterator[str]:
    """Texts of the page that have a translation, which it does not show."""
    words = Words()
    words.feed(page)
    said = _said(language)
    for text in words.found:
        plain = " ".join(text.split())
        if plain in said:
            yield plain


@cache
def _said(language: str) -> set[str]:
    """Texts that are something else in the language. Codes are no texts: they have no capital."""
    entries = catalogue(language)
    own = {text for entry in entries for text in entry.said.values()}
    differing = {entry.text for entry in entries if entry.text != entry.said.get(0)}
    return {text for text in differing - own if text[0].isupper() and "%" not in text}
