"""Set up and change the external systems that use the API."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from integration.models import ApiClient
from inventory import audit
from inventory.audit import Actor
from inventory.errors import Refused


@transaction.atomic
def save_client(client: ApiClient, *, by: Actor, at: datetime, reason: str = "") -> ApiClient:
    """Keep a new client, or what has changed of one, with old and new values in the trail.

    Refuses `reason_needed` for a change, `client_is_administrator`.
    """
    before = ApiClient.objects.select_for_update().filter(pk=client.pk).first()
    if before is not None:
        reason = audit.require_reason(reason)
    if client.user.is_superuser and (before is None or before.user_id != client.user_id):
        raise Refused(
            _("%(user)s is an administrator, whom no role limits."),
            code="client_is_administrator",
            field="user",
            hint=_("Choose an account with the roles that the system needs."),
            user=client.user,
        )
    client.full_clean()
    client.save()
    changes = audit.differences(before, client)
    if before is None or changes:
        action = "people.change_client" if before else "people.create_client"
        audit.record(action, stamp=audit.stamp(by, at, reason), subject=client, changes=changes)
    return client


def client_of(*, user: User, name: str, by: Actor, at: datetime) -> ApiClient:
    """The client of that name, made where there is none. Refuses `client_of_other_user`, and as
    `save_client` does."""
    known = ApiClient.objects.filter(name=name).first()
    if known is None:
        return save_client(ApiClient(name=name, user=user), by=by, at=at)
    if known.user_id != user.pk:
        raise Refused(
            _("%(name)s acts as %(user)s."),
            code="client_of_other_user",
            field="name",
            hint=_("Give the other system a name of its own."),
            name=name,
            user=known.user,
        )
    return known
