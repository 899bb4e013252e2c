"""What other documents say of problems, written from their pages."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings

from integration.problems import pages
from integration.problems.pages import FOLDER, ProblemPage

API_PAGE = Path(settings.BASE_DIR) / "docs" / "api.md"
INDEX = FOLDER / "README.md"
CONFLICT = 409


def answered_alone(page: ProblemPage) -> bool:
    return not page.inside and page.status != CONFLICT


def inside_invalid(page: ProblemPage) -> bool:
    return page.inside


def refused(page: ProblemPage) -> bool:
    return not page.inside and page.status == CONFLICT


TABLES: dict[str, Callable[[ProblemPage], bool]] = {
    "requests": answered_alone,
    "invalid": inside_invalid,
    "refusals": refused,
}
"""The tables of docs/api.md, each between two comments that name it."""


def write() -> list[Path]:
    """Bring the index and the tables of docs/api.md up to date; the files that had to change."""
    return [path for path, text in written().items() if _write(path, text)]


def written() -> dict[Path, str]:
    """What the files say when they are up to date."""
    every = pages.every()
    return {INDEX: _index(every), API_PAGE: _with_tables(API_PAGE.read_text("utf-8"), every)}


def _write(path: Path, text: str) -> bool:
    changed = not path.is_file() or path.read_text("utf-8") != text
    if changed:
        path.write_text(text, encoding="utf-8")
    return changed


def _index(every: Iterable[ProblemPage]) -> str:
    return (
        "# Problems\n\n"
        "What the `type` of each problem means. The product serves these pages at that address,\n"
        "as `/api/problems/lot_on_hold`, and all of them at `/api/problems/`, to read or as\n"
        "JSON.\n\n" + _table(every, "")
    )


def _with_tables(text: str, every: list[ProblemPage]) -> str:
    for name, belongs in TABLES.items():
        begin, end = f"<!-- problems: {name} -->\n", "<!-- end -->"
        table = _table(filter(belongs, every), "problems/")
        text, found = re.subn(
            re.escape(begin) + ".*?" + re.escape(end),
            lambda _match, whole=begin + table + end: whole,  # type: ignore[misc]
            text,
            flags=re.DOTALL,
        )
        if found != 1:
            raise ValueError(f"docs/api.md has no place for the table “{name}”.")
    return text


def _table(every: Iterable[ProblemPage], folder: str) -> str:
    ordered = sorted(every, key=lambda page: (page.status, page.code))
    rows = [f"| {p.status} | [`{p.code}`]({folder}{p.code}.md) | {p.means} |\n" for p in ordered]
    return "| status | code | meaning |\n|---|---|---|\n" + "".join(rows)
