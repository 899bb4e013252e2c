"""Who is told of what, once."""

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from integration.models import Handling, Notice, NoticeChoice, NoticeRule
from integration.notices import telling
from inventory import accounts
from inventory.audit import system
from staging.alerting.regrading import regrade
from staging.alerting.terms import Terms
from staging.models import AlertReason, AlertRule, AlertStepKind
from tests.factories import LocationFactory, SiteFactory, UserFactory
from tests.notices.conftest import Scene, person

pytestmark = pytest.mark.django_db

FIXED = 16
"""Statements of one look, however many steps and people."""


def test_each_role_from_its_level(scene: Scene) -> None:
    """The levels that an alert has passed were told before; one raised higher tells them too."""
    operator, supervisor, qa = (person(role) for role in ("operator", "supervisor", "qa"))
    low = scene.raise_one(level=1)
    scene.beat()
    assert [scene.told(one) for one in (operator, supervisor, qa)] == [[low.pk], [], []]
    scene.step(low, AlertStepKind.ESCALATED, 2)
    scene.beat()
    assert [scene.told(one) for one in (operator, supervisor, qa)] == [[low.pk], [low.pk], []]
    scene.step(low, AlertStepKind.ESCALATED, 3)
    high = scene.raise_one(level=3)
    scene.beat()
    assert scene.told(operator) == [low.pk, high.pk]
    assert scene.told(supervisor) == [low.pk, high.pk]
    assert scene.told(qa) == [low.pk, high.pk]


def test_twice_is_once(scene: Scene) -> None:
    """The same look again, as of a task that is delivered twice, tells nobody anything."""
    operator = person("operator")
    scene.raise_one(level=1)
    telling.tell(timezone.now())
    telling.NoticeMark.objects.update(position=0, seen=0)
    telling.tell(timezone.now())
    assert len(scene.told(operator)) == 1


def test_what_needs_nobody_is_told_nobody(scene: Scene) -> None:
    operator = person("operator")
    alert = scene.raise_one(level=1)
    scene.beat()
    for kind in (AlertStepKind.ACKNOWLEDGED, AlertStepKind.SNOOZED):
        scene.step(alert, kind, actor=operator)
    scene.close(alert)
    scene.beat()
    assert len(scene.told(operator)) == 1
    scene.step(alert, AlertStepKind.WOKEN)
    scene.step(alert, AlertStepKind.REOPENED)
    scene.beat()
    assert len(scene.told(operator)) == 3


def test_only_who_may_view_alerts_and_is_a_person_at_work(scene: Scene) -> None:
    gone, program = person("operator", is_active=False), person("operator")
    accounts.set_service(program, True, reason="MES", by=system(), at=timezone.now())
    role = Group.objects.create(name="cleaners")
    NoticeRule.objects.create(role=role, level=1, notice=3, warning=3, critical=3)
    blind = UserFactory()
    blind.groups.add(role)
    scene.raise_one(level=1)
    scene.beat()
    assert [scene.told(one) for one in (gone, program, blind)] == [[], [], []]


def test_a_choice_goes_before_the_role(scene: Scene) -> None:
    keen, calm, other = person("operator"), person("supervisor"), person("operator")
    NoticeChoice.objects.create(user=keen, critical=Handling.IMMEDIATE)
    NoticeChoice.objects.create(user=calm, critical=Handling.OFF)
    elsewhere = NoticeChoice.objects.create(user=other)
    elsewhere.sites.add(SiteFactory())
    alert = scene.raise_one(level=2)
    scene.beat()
    assert [scene.told(one) for one in (keen, calm, other)] == [[alert.pk], [], []]
    assert Notice.objects.get(user=keen).handling == Handling.IMMEDIATE
    NoticeChoice.objects.filter(user=calm).update(critical=Handling.IN_APP, level=1)
    low = scene.raise_one(level=1)
    scene.beat()
    assert scene.told(calm) == [low.pk]


def test_of_two_roles_the_one_that_tells_most(scene: Scene) -> None:
    both = person("operator")
    both.groups.add(Group.objects.get(name="supervisor"))
    scene.raise_one(level=1)
    scene.beat()
    assert Notice.objects.get(user=both).handling == Handling.IMMEDIATE


def test_the_rule_of_the_site_says_how_grave_it_is(scene: Scene) -> None:
    operator = person("operator")
    AlertRule.objects.create(
        reason=AlertReason.OVER_STAGED, site=scene.plant.site, severity="critical"
    )
    there = LocationFactory(site=SiteFactory(), kind="staging", purpose="kitting")
    scene.raise_one(AlertReason.OVER_STAGED, 1)
    scene.raise_one(AlertReason.OVER_STAGED, 1, at=there)
    scene.beat()
    told = Notice.objects.filter(user=operator).order_by("pk").values_list("severity", flat=True)
    assert list(told) == ["critical", "notice"]


def test_whom_it_is_given_to_is_told_whatever_they_chose(scene: Scene) -> None:
    """But not of what they took themselves."""
    operator, other = person("operator"), person("operator")
    NoticeChoice.objects.create(user=other, critical=0, warning=0, notice=0)
    alert = scene.raise_one(level=1)
    scene.step(alert, AlertStepKind.ASSIGNED, actor=operator, assigned_to=other)
    scene.step(alert, AlertStepKind.ASSIGNED, actor=operator, assigned_to=operator)
    scene.beat()
    assert scene.told(other) == [alert.pk]
    assert Notice.objects.get(user=other).handling == Handling.IN_APP
    assert scene.told(operator) == [alert.pk]
    assert Notice.objects.get(user=operator).step.kind == AlertStepKind.RAISED


@pytest.mark.parametrize("many", [1, 12])
def test_the_statements_are_the_same_for_many(
    scene: Scene, many: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    people = [person("supervisor") for _ in range(many)]
    for number in range(many):
        alert = scene.raise_one(level=2)
        scene.step(alert, AlertStepKind.ASSIGNED, assigned_to=people[number])
    with django_assert_num_queries(FIXED, exact=False):
        assert telling.tell(timezone.now()) == 2 * many
    assert Notice.objects.filter(user__in=people).count() == many * many + many


def test_who_is_to_know_is_told_once_it_is_graver(scene: Scene) -> None:
    """As if it had been raised so; and nobody that it is less grave."""
    supervisor, qa = person("supervisor"), person("qa")
    alert = scene.raise_one(AlertReason.WITHOUT_DEMAND, 2)
    scene.beat()
    rule = AlertRule.objects.filter(reason=AlertReason.WITHOUT_DEMAND)
    for severity in ("critical", "notice", "warning"):
        rule.update(severity=severity)
        assert regrade(Terms.read(), timezone.now()) == 1
        scene.beat()
    told = Notice.objects.filter(user=supervisor).order_by("pk")
    assert list(told.values_list("severity", "handling")) == [
        ("warning", Handling.DIGEST),
        ("critical", Handling.IMMEDIATE),
        ("warning", Handling.DIGEST),
    ]
    assert scene.told(qa) == []
    assert alert.steps.filter(kind="regraded").count() == 3
