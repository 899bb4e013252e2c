"""Days that are kept: what is counted is what plain Python makes of the same records."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from inventory.models import Site
from staging.models import Commitment, DayNumber, DaySnapshot, Measure
from staging.numbers.daily import keeping, spans
from staging.numbers.daily.counting import count_day
from tests.numbers.work import Work

pytestmark = pytest.mark.django_db


def test_first(work: Work) -> None:
    at = work.now
    print(keeping.keep(at, seconds=600))
    for m in Measure:
        print(m.name, sum(DayNumber.objects.filter(measure=m).values_list("number", flat=True)))
    assert 0
