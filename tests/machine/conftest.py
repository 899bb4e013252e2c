"""How long the machine runs in a suite; `--hypothesis-profile=deep` is for a night."""

from hypothesis import settings

settings.register_profile(
    "machine", settings.get_profile("deep"), max_examples=6, stateful_step_count=40,
    derandomize=True, database=None,
)  # fmt: skip
