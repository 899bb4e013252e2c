"""The standard's own schema and our examples of its events, read where they lie."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "standards" / "epcis"

needs_standard = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="needs the EPCIS schema in ../shared/standards/epcis"
)

_CHECKER = jsonschema.FormatChecker(formats=())


@_CHECKER.checks("uri")
def _is_uri(text: object) -> bool:
    return bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+", str(text)))


@_CHECKER.checks("date-time")
def _is_moment(text: object) -> bool:
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return bool(re.fullmatch(pattern, str(text)))


@cache
def _validator() -> Any:
    schema = json.loads((FOLDER / "schema/EPCIS-JSON-Schema.json").read_text())
    return jsonschema.Draft7Validator(schema, format_checker=_CHECKER)


def faults(document: Any) -> list[str]:
    """What the official schema has against a document, with the place."""
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in _validator().iter_errors(document)
    ]


def examples() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Our own example documents: the kind of event, and the events."""
    for path in sorted((FOLDER / "mapping").glob("*.jsonld")):
        yield path.stem, json.loads(path.read_text())["epcisBody"]["eventList"]
