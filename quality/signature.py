"""Electronic signature: the signer enters the password again."""

from django.utils.translation import gettext_lazy as _

from inventory.audit import Actor
from inventory.errors import Refused


def require_signature(by: Actor, password: str) -> None:
    """Refuse `signer_cannot_sign` (no password of one's own) and `signature_wrong`.

    The caller's surface keeps the failed attempt in the audit trail.
    """
    if not by.user.is_active or not by.user.has_usable_password():
        raise Refused(
            _("This account cannot sign."),
            code="signer_cannot_sign",
            field="password",
            hint=_("Sign in as a person with a password."),
        )
    if not by.user.check_password(password):
        raise Refused(
            _("That is not your password."),
            code="signature_wrong",
            field="password",
            hint=_("Enter the password you sign in with. Nothing has been decided."),
        )
