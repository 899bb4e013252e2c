"""When an event that was not taken is tried again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integration.webhooks import schedule

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "JITTER", 0)


def test_it_is_the_specifications_over_three_days(no_jitter: None) -> None:
    at, since = NOW, []
    for attempts in range(1, schedule.ATTEMPTS):
        following = schedule.next_attempt(attempts, at)
        assert following
        at = following
        since.append(str(at - NOW))
    assert since == [
        "0:00:05", "0:05:05", "0:35:05", "2:35:05", "7:35:05", "17:35:05", "1 day, 7:35:05",
        "2 days, 3:35:05", "3 days, 3:35:05",
    ]  # fmt: skip
    assert schedule.next_attempt(schedule.ATTEMPTS, at) is None


def test_no_two_come_back_together() -> None:
    found = {schedule.next_attempt(3, NOW) for _ in range(20)}
    assert len(found) > 10
    waits = [at - NOW for at in found if at]
    assert min(waits) >= schedule.DELAYS[2]
    assert max(waits) <= schedule.DELAYS[2] * (1 + schedule.JITTER)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120), (" 120 ", 120), ("0", 0), ("99999999999999", 86400),
        ("Thu, 26 Nov 2026 12:10:00 GMT", 600), ("Thu, 26 Nov 2026 11:00:00 GMT", 0),
        ("Thu, 26 Nov 2026 12:10:00", 600), ("Fri, 26 Nov 2027 12:00:00 GMT", 86400),
        ("", 0), ("soon", 0), ("-5", 0), ("1.5", 0), ("²", 0),
    ],
)  # fmt: skip
def test_a_receiver_may_ask_for_time(said: str, seconds: int) -> None:
    assert schedule.asked(said, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("attempts", "answer", "seconds"),
    [
        (1, {}, 5),
        (1, {"status": 500}, 5),
        (1, {"status": 429}, 60),
        (1, {"status": 502}, 60),
        (1, {"status": 504}, 60),
        (1, {"status": 503, "retry_after": "90"}, 90),
        (1, {"status": 429, "retry_after": "90"}, 90),
        (3, {"status": 503, "retry_after": "90"}, 1800),
    ],
)
def test_the_longer_wait_counts(
    no_jitter: None, attempts: int, answer: dict[str, Any], seconds: int
) -> None:
    at = schedule.next_attempt(attempts, NOW, **answer)
    assert at == NOW + timedelta(seconds=seconds)
