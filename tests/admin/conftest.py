"""People at the admin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from config.roles import IN_ADMIN
from tests.factories import UserFactory

SignIn = Callable[[str], Client]


def person(role: str) -> User:
    """A user of that role, with the password `secret`; `admin` is a superuser."""
    if role == "admin":
        user: User = UserFactory(is_staff=True, is_superuser=True)
    else:
        user = UserFactory(role=role, is_staff=role in IN_ADMIN)
    return user


@pytest.fixture
def enter(db: None) -> SignIn:
    """A client signed in as somebody of that role; the client's `user` is who."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.user = person(role)  # type: ignore[attr-defined]
        client.force_login(client.user)  # type: ignore[attr-defined]
        return client

    return sign_in


def page_of(row: Any, page: str = "change") -> str:
    """The address of a row's page in the admin."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}"
    return reverse(name, args=[row.pk])


def list_of(model: Any, page: str = "changelist") -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")


def act(model: Any, verb: str, *rows: Any) -> str:
    """The page on which a verb is done with rows."""
    return f"{list_of(model, f'act_{verb}')}?ids={','.join(str(row.pk) for row in rows)}"
