"""Issue and revoke the tokens of external systems."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from integration.models import ApiToken
from inventory import audit, bearer
from inventory.audit import Actor
from inventory.errors import Refused


@transaction.atomic
def issue_token(
    *, user: User, name: str, expires_at: datetime | None, by: Actor, at: datetime
) -> tuple[ApiToken, str]:
    """Make a token and return it with its secret, which is kept nowhere.

    Refuses `token_expired` when it would have ended already.
    """
    stamp = audit.stamp(by, at)
    if expires_at is not None and expires_at <= stamp.recorded_at:
        raise Refused(
            _("The token would have expired already."),
            code="token_expired",
            field="expires_at",
            hint=_("Choose a later time, or leave it empty."),
        )
    secret = ApiToken.new_secret()
    token = ApiToken(user=user, name=name, expires_at=expires_at, digest=ApiToken.digest_of(secret))
    token.full_clean()
    token.save()
    audit.record(
        "people.issue_token",
        stamp=stamp,
        subject=token,
        facts={"user": user.get_username(), "expires_at": expires_at and expires_at.isoformat()},
    )
    return token, secret


def revoke_token(*, token: ApiToken, by: Actor, at: datetime) -> ApiToken:
    """End a token now. Nothing happens to one that is revoked already."""
    return bearer.revoke(token, action="people.revoke_token", by=by, at=at)
