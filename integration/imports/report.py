"""What an import did, and what it could not do: by file, line and column."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.functional import Promise

from inventory.errors import Refused


class Level(StrEnum):
    """How much a finding weighs: the row was not taken; it was left out; it was taken."""

    REFUSED = "refused"
    SKIPPED = "skipped"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a row, or about the whole file where there is no line."""

    level: Level
    code: str
    text: str
    line: int | None = None
    column: str = ""


@dataclass(slots=True)
class FileReport:
    """Rows by what became of them. `headers` tells a loader's columns as the file calls them."""

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    findings: list[Finding] = field(default_factory=list)
    rolled_back: bool = False

    @property
    def refused(self) -> int:
        return self._count(Level.REFUSED)

    @property
    def skipped(self) -> int:
        return self._count(Level.SKIPPED)

    @property
    def unusable(self) -> bool:
        """The file as a whole was refused."""
        return any(found.level == Level.REFUSED and not found.line for found in self.findings)

    def _count(self, level: Level) -> int:
        return len({finding.line for finding in self.findings if finding.level == level})

    def counts(self) -> dict[str, int]:
        """Rows by what became of them, for the audit trail and for the summary."""
        return {
            "created": self.created,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "refused": self.refused,
        }

    def refuse(self, line: int | None, error: ValidationError, *, column: str = "") -> None:
        """A row that was not taken, with every reason that the error carries."""
        for name, code, text in _reasons(error):
            self._add(Level.REFUSED, line, name or column, code, text)

    def skip(self, line: int, column: str, code: str, text: str | Promise) -> None:
        """A row that there is nothing to do for."""
        self._add(Level.SKIPPED, line, column, code, str(text))

    def note(self, line: int | None, column: str, code: str, text: str | Promise) -> None:
        """A row that was taken, but that somebody should look at."""
        self._add(Level.NOTICE, line, column, code, str(text))

    def _add(self, level: Level, line: int | None, column: str, code: str, text: str) -> None:
        column = self.headers.get(column, column)
        self.findings.append(Finding(level, code, text, line, column))

    def roll_back(self) -> None:
        """Nothing of the file was kept."""
        self.created = self.changed = 0
        self.rolled_back = True

    def in_order(self) -> list[Finding]:
        return sorted(self.findings, key=lambda finding: finding.line or 0)


def _reasons(error: ValidationError) -> Iterator[tuple[str, str, str]]:
    """Column, code and words of everything that an error says."""
    if isinstance(error, Refused):
        hint = f" {error.hint}" if error.hint else ""
        yield error.field or "", error.code or "", f"{error.text}{hint}"
    elif hasattr(error, "error_dict"):
        for name, errors in error.error_dict.items():
            for one in errors:
                known = "" if name == NON_FIELD_ERRORS else name
                yield known, one.code or "invalid", " ".join(one.messages)
    else:
        for one in error.error_list:
            yield "", one.code or "invalid", " ".join(one.messages)
