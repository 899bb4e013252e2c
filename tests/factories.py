"""Readable test data. Stock itself comes about by the actions, never by a factory."""

from typing import Any

import factory
from django.contrib.auth.models import Group, User
from django.utils import timezone
from factory.django import DjangoModelFactory

from integration.models import ApiClient
from inventory.actions import save_master
from inventory.audit import Actor
from inventory.models import (
    Account,
    Location,
    LocationKind,
    Material,
    MaterialKind,
    Site,
    Surface,
    Unit,
)


class UserFactory(DjangoModelFactory[User]):
    """A person with the password `secret`, in the group named by `role`, who may sign."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    password = factory.django.Password("secret")

    @factory.post_generation
    def role(self, create: bool, extracted: str | None, **kwargs: Any) -> None:
        if extracted:
            self.groups.add(Group.objects.get(name=extracted))
        Account.objects.create(user=self, acknowledged_at=timezone.now())


class _Master(DjangoModelFactory[Any]):
    """Master data goes through the action that keeps paths and the audit trail."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: type[Any], *args: Any, **kwargs: Any) -> Any:
        by = Actor(User.objects.get(username="system"), Surface.COMMAND)
        return save_master(model_class(**kwargs), by=by, at=timezone.now())


class SiteFactory(_Master):
    class Meta:
        model = Site

    code = factory.Sequence(lambda n: f"SITE{n}")
    name = factory.LazyAttribute(lambda site: f"Site {site.code}")


class LocationFactory(_Master):
    class Meta:
        model = Location

    site = factory.SubFactory(SiteFactory)
    code = factory.Sequence(lambda n: f"LOC{n}")
    name = factory.LazyAttribute(lambda location: f"Location {location.code}")
    kind = LocationKind.STORAGE


class MaterialFactory(_Master):
    class Meta:
        model = Material

    code = factory.Sequence(lambda n: f"MAT{n}")
    name = factory.LazyAttribute(lambda material: f"Material {material.code}")
    kind = MaterialKind.RAW
    base_unit = factory.LazyFunction(lambda: Unit.objects.get(code="KGM"))


class ClientFactory(DjangoModelFactory[ApiClient]):
    """An external system with the roles of an integrator."""

    class Meta:
        model = ApiClient

    name = factory.Sequence(lambda n: f"MES {n}")
    user = factory.SubFactory(UserFactory, role="integrator")
