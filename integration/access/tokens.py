"""Issue, rotate and revoke the secrets of external systems."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from integration.access import scopes as known_scopes
from integration.models import ApiClient, ApiToken
from integration.models.access import EVERYTHING, Kind
from inventory import audit, bearer
from inventory.audit import Actor, Stamp
from inventory.errors import Refused
from inventory.models import Site


@transaction.atomic
def issue_token(
    *,
    client: ApiClient,
    expires_at: datetime | None,
    by: Actor,
    at: datetime,
    kind: str = Kind.TOKEN,
    scopes: Sequence[str] = (EVERYTHING,),
    sites: Iterable[Site] = (),
) -> tuple[ApiToken, str]:
    """Make a token, or a client secret, and return it with its secret, which is kept nowhere.

    Refuses `token_expired` when it would have ended already, `unknown_scope`, `scope_needed`.
    """
    stamp = audit.stamp(by, at)
    _check_end(expires_at, stamp, "expires_at")
    token = ApiToken(
        client=client,
        kind=kind,
        scopes=known_scopes.check(scopes),
        sites=sorted(site.pk for site in sites),
        expires_at=expires_at,
    )
    secret = _keep(token)
    audit.record("people.issue_token", stamp=stamp, subject=token, facts=_facts(token))
    return token, secret


@transaction.atomic
def rotate_token(
    *, token: ApiToken, ends_at: datetime, expires_at: datetime | None, by: Actor, at: datetime
) -> tuple[ApiToken, str]:
    """A new secret for the same client, scopes and sites; the old one goes on until `ends_at`.

    Refuses `token_ended` (there is nothing to replace), `token_replaced` (there is one already),
    and `token_expired` when either would have ended already.
    """
    stamp = audit.stamp(by, at)
    old = ApiToken.objects.select_for_update(of=("self",)).select_related("client").get(pk=token.pk)
    _check_replaceable(old, stamp)
    _check_end(ends_at, stamp, "ends_at")
    _check_end(expires_at, stamp, "expires_at")
    old.expires_at = min(ends_at, old.expires_at) if old.expires_at else ends_at
    old.save(update_fields=["expires_at"])
    old.given_out.filter(expires_at__gt=old.expires_at).update(expires_at=old.expires_at)
    new = ApiToken(
        client=old.client,
        kind=old.kind,
        scopes=old.scopes,
        sites=old.sites,
        expires_at=expires_at,
        replaces=old,
    )
    secret = _keep(new)
    facts = {"replaces": old.pk, "old_ends_at": old.expires_at.isoformat()}
    audit.record("people.rotate_token", stamp=stamp, subject=new, facts=_facts(new) | facts)
    return new, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, by: Actor, at: datetime) -> ApiToken:
    """End a token now, and what was given out under it. Nothing happens to one that is revoked
    already."""
    revoked = bearer.revoke(token, action="people.revoke_token", by=by, at=at)
    revoked.given_out.filter(revoked_at=None).update(revoked_at=revoked.revoked_at)
    return revoked


def _keep(token: ApiToken) -> str:
    """Save it with the digest of a new secret."""
    secret = ApiToken.new_secret()
    token.digest = ApiToken.digest_of(secret)
    token.full_clean()
    token.save()
    return secret


def _check_end(ends_at: datetime | None, stamp: Stamp, field: str) -> None:
    if ends_at is not None and ends_at <= stamp.recorded_at:
        raise Refused(
            _("The token would have expired already."),
            code="token_expired",
            field=field,
            hint=_("Choose a later time, or leave it empty.")
            if field == "expires_at"
            else _("Choose a later time; to end it at once, revoke it."),
        )


def _check_replaceable(old: ApiToken, stamp: Stamp) -> None:
    over = old.expires_at is not None and old.expires_at <= stamp.recorded_at
    if old.revoked_at is not None or over or old.kind == Kind.ACCESS:
        raise Refused(
            _("%(token)s is not in use any more."),
            code="token_ended",
            hint=_("Issue a new one instead."),
            token=old,
        )
    if next_one := old.replaced_by.filter(revoked_at=None).first():
        raise Refused(
            _("%(token)s has been replaced by %(next)s already."),
            code="token_replaced",
            hint=_("Rotate that one, or revoke it first."),
            token=old,
            next=next_one,
        )


def _facts(token: ApiToken) -> dict[str, Any]:
    sites = Site.objects.filter(pk__in=token.sites).order_by("code")
    return {
        "client": token.client.name,
        "user": token.client.user.get_username(),
        "kind": token.kind,
        "scopes": token.scopes,
        "sites": list(sites.values_list("code", flat=True)),
        "expires_at": token.expires_at and token.expires_at.isoformat(),
    }
