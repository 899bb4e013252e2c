"""Where the real exports are, for tests that read them. They are not part of the project."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "openboxes"

needs_exports = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="needs OpenBoxes' exports in ../shared/data/openboxes"
)
