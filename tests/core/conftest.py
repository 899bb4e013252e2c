"""Every refusal that a core test meets must stand in the docstring of the action."""

from typing import Any

import pytest

from inventory.errors import Refused
from tests.core.documented import documented
from tests.plant import Plant


@pytest.fixture(autouse=True)
def _refusals_are_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = Plant.do

    def do(self: Plant, verb: Any, *lines: Any, **kwargs: Any) -> Any:
        try:
            return ordinary(self, verb, *lines, **kwargs)
        except Refused as refusal:
            codes = {found.code for found in refusal.all}
            assert codes <= documented(verb), f"{verb.__module__}.{verb.__name__}: {codes}"
            raise

    monkeypatch.setattr(Plant, "do", do)
