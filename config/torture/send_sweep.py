"""Send one sweep to the workers, as beat does."""

from typing import Any

from staging.tasks import flag_stale


def main(_told: dict[str, Any]) -> int:
    """Send it, and say so."""
    flag_stale.delay()
    print('"sent"')
    return 0
