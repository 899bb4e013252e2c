"""How long the machine runs: `--hypothesis-profile=deep` for a night, else for a suite."""

from hypothesis import HealthCheck, settings

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "machine", max_examples=6, stateful_step_count=40, deadline=None, suppress_health_check=QUIET
)
settings.register_profile(
    "deep", settings.get_profile("machine"), max_examples=300, stateful_step_count=80
)
