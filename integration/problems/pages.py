"""Reads the pages of `docs/problems`: the one source of what every code means."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "docs" / "problems"
INSIDE = ", inside [`invalid`](invalid.md)"
FORM = """# {code}

{means}

Status: {status}{inside}

## When

{when}

## What to do

{instead}

## Example

```json
{example}
```
"""
SHAPE = re.compile(
    r"# (?P<code>[a-z\d_]+)\n\n(?P<means>[^\n]+)\n\n"
    r"Status: (?P<status>\d{3})(?P<inside>[^\n]*)\n\n"
    r"## When\n\n(?P<when>[^#]+?)\n\n## What to do\n\n(?P<instead>[^#]+?)\n\n"
    r"## Example\n\n```json\n(?P<example>.*?)\n?```\n",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class ProblemPage:
    """What a code means, when it happens and what to do.

    `inside`: it stands in `errors` of a problem whose own code is `invalid`.
    """

    code: str
    means: str
    status: int
    inside: bool
    when: str
    instead: str
    example: Any

    def text(self) -> str:
        """The page as it stands in its file."""
        shown = json.dumps(self.example, indent=2, ensure_ascii=False) if self.example else ""
        parts = vars(self) | {"inside": INSIDE if self.inside else "", "example": shown}
        return FORM.format(**parts)

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.code}.md"


def parse(text: str, code: str) -> ProblemPage:
    """A page out of its text. Raises ValueError where it is not of the form of the others."""
    found = SHAPE.fullmatch(text)
    if found is None or found["code"] != code or found["inside"] not in ("", INSIDE):
        raise ValueError(f"docs/problems/{code}.md is not of the form of its neighbours.")
    return ProblemPage(
        code=code,
        means=found["means"],
        status=int(found["status"]),
        inside=bool(found["inside"]),
        when=found["when"],
        instead=found["instead"],
        example=json.loads(found["example"] or "null"),
    )


@cache
def codes() -> tuple[str, ...]:
    """The codes that have a page, in their order."""
    return tuple(path.stem for path in sorted(FOLDER.glob("*.md")) if path.stem != "README")


@cache
def page(code: str) -> ProblemPage | None:
    """The page of a code, read once; None if it has none."""
    if code not in codes():
        return None
    return parse((FOLDER / f"{code}.md").read_text(encoding="utf-8"), code)


def every() -> list[ProblemPage]:
    """All pages, in the order of their codes."""
    return [found for code in codes() if (found := page(code))]
