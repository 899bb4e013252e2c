"""Electronic signature: who signs proves it at each signing, and what was signed is bound to it.

21 CFR 11.50, 11.70, 11.200, 11.300; EU GMP Annex 11, 14.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import accounts, audit
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.models import Account
from quality.models import Meaning, Method, Signature
from quality.seen import canonical, digest_of


@dataclass(frozen=True, kw_only=True)
class Signed:
    """The part of a line that is the signature. One request is one signing."""

    meaning: Annotated[Meaning, About(_("Meaning"), _("What your signature stands for."))]
    reason: Annotated[str, About(_("Reason"), _("Kept with the signature."), multiline=True)]
    signer: Annotated[
        str,
        About(_("Your user name"), _("Of whoever signs; it must be the one who is signed in."),
              asked=True, max_length=150),
    ] = ""  # fmt: skip
    password: Annotated[
        str, About(_("Your password"), _("Signing means entering it again."), secret=True)
    ]
    code: Annotated[
        str,
        About(_("One-time code"), _("From your authenticator, if you have set one up."),
              secret=True, max_length=10),
    ] = ""  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reviewed(Signed):
    """A signature by which a lot may be used: after its history was read? (Draft Annex 11, 12.8)"""

    reviewed: Annotated[
        bool,
        About(_("I have reviewed the history"),
              _("Of each lot: results, holds, movements, changes and refused attempts. "
                "Kept with the signature.")),
    ] = False  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who has proved to be that person."""

    by: Actor
    method: Method
    printed_name: str
    role: str

    def sign(
        self,
        records: Iterable[tuple[str, Any, dict[str, Any], dict[str, Any], Signed]],
        stamp: audit.Stamp,
    ) -> list[Signature]:
        """A signature on each record, given as the column that holds it, the row, what it says
        (`described`), what was seen of the lot, and the line signed."""
        return Signature.objects.bulk_create(
            self._signature(column, row, said, seen, line, stamp)
            for column, row, said, seen, line in records
        )  # fmt: skip

    def _signature(
        self, column: str, row: Any, said: dict[str, Any], seen: dict[str, Any], line: Signed,
        stamp: audit.Stamp,
    ) -> Signature:  # fmt: skip
        made = Signature(
            username=self.by.user.get_username(),
            printed_name=self.printed_name,
            role=self.role,
            zone=timezone.get_current_timezone_name(),
            meaning=line.meaning,
            method=self.method,
            reviewed=line.reviewed if isinstance(line, Reviewed) else None,
            **{column: row},
            **{**stamp.columns(), "reason": line.reason.strip()},
        )
        signer: dict[str, Any] = {
            name: str(getattr(made, name))
            for name in ("username", "printed_name", "role", "zone", "meaning", "method", "reason")
        }
        signer["signed_at"] = stamp.recorded_at.isoformat()
        if made.reviewed is not None:
            signer["reviewed"] = made.reviewed
        made.content = canonical({"record": said, "seen": seen, "signer": signer})
        made.digest = digest_of(made.content)
        return made


def require_signature(by: Actor, lines: Sequence[Signed]) -> Signer:
    """The signer of all the lines, who has entered user name, password and code for them.

    Needs a transaction: attempts on one account take turns. Refuses `signatures_differ`,
    `wrong_signer`, `signer_cannot_sign`, `signer_locked`, `password_change_due`,
    `acknowledgement_needed`, `second_factor_needed` and `signature_wrong`, which whoever carries
    the verb out counts towards lockout.
    """
    line, user = lines[0], by.user
    _check_same(lines)
    _check_person(user, line.signer)
    account = accounts.locked_row(user)
    _check_account(account)
    method = _check_components(user, account, line)
    accounts.forget_failures(account)
    roles = user.groups.order_by("name").values_list("name", flat=True)
    return Signer(
        by=by,
        method=method,
        printed_name=user.get_full_name() or user.get_username(),
        role=", ".join(roles)[:200],
    )


def require_review(line: Reviewed) -> None:
    """Refuses `review_needed` where the plant asks for a review, and the signer does not say so."""
    if settings.SIGNING_NEEDS_REVIEW and not line.reviewed:
        raise Refused(
            _("Say that you have reviewed the history of the lot."),
            code="review_needed",
            field="reviewed",
            hint=_("Read it on the lot's page or in its dossier, and tick that you have."),
        )


def _check_same(lines: Sequence[Signed]) -> None:
    """A request with many passwords would be as many guesses."""
    if len({(line.signer, line.password, line.code) for line in lines}) > 1:
        raise Refused(
            _("The lines carry different signatures."),
            code="signatures_differ",
            field="password",
            hint=_("Sign all lines of a request alike, or send them one by one."),
        )


def _check_person(user: User, signer: str) -> None:
    if signer and signer.strip() != user.get_username():
        raise Refused(
            _("%(signer)s is not who is signed in here."),
            code="wrong_signer",
            field="signer",
            hint=_("Everybody signs for themselves: sign in as yourself first."),
            signer=signer.strip(),
        )
    if not user.is_active or user.is_superuser or not user.has_usable_password():
        raise _cannot_sign()


def _cannot_sign() -> Refused:
    return Refused(
        _("This account cannot sign."),
        code="signer_cannot_sign",
        field="password",
        hint=_("Sign in as a person of quality. Administrators and programs do not sign."),
    )


def _check_account(account: Account) -> None:
    if account.is_service:
        raise _cannot_sign()
    if accounts.is_locked(account, timezone.now()):
        raise Refused(
            _("This account is locked after too many failed attempts."),
            code="signer_locked",
            field="password",
            hint=_("An administrator can unlock it."),
        )
    if account.password_change_due:
        raise Refused(
            _("Your password was set by somebody else."),
            code="password_change_due",
            field="password",
            hint=_("Choose one of your own first: sign out and in again."),
        )
    if account.acknowledged_at is None:
        raise Refused(
            _("You have not accepted yet that your electronic signature binds you."),
            code="acknowledgement_needed",
            field="password",
            hint=_("Accept it on your account's page, once, before the first signing."),
        )
    if settings.SIGNING_NEEDS_SECOND_FACTOR and not accounts.has_second_factor(account):
        raise Refused(
            _("Signing needs a second factor here."),
            code="second_factor_needed",
            field="code",
            hint=_("Set up an authenticator on your account's page."),
        )


def _check_components(user: User, account: Account, line: Signed) -> Method:
    """Both are looked at before either is called wrong, so that none can be guessed alone.

    Not `User.check_password`, which would write a stronger hash in the middle of a signing.
    """
    second = accounts.has_second_factor(account)
    right = check_password(line.password, user.password)
    if second:
        right &= accounts.use_code(account, line.code, timezone.now())
    if not right:
        raise Refused(
            _("Your password or code is wrong.") if second else _("That is not your password."),
            code="signature_wrong",
            field="password",
            hint=_("Enter the password you sign in with. Nothing has been decided.")
            if not second
            else _("Enter your password, and a code that has not been used. Nothing was decided."),
        )
    return Method.TWO_FACTORS if second else Method.PASSWORD
