"""Somebody who may see and touch some sites only, and what belongs to which site.

A limit is kept with the user, and so goes wherever an actor goes: what is read is narrowed by it
(`within`), what is named in a line must lie within it (`check_lines`), and the writers of stock and
claims hold every change to it (`require`), whatever surface asks. What belongs to no site that is
known here is refused: deny is the default.

Materials, units and rules are shared by all sites. A lot belongs to every site where it is or was
on hand; what concerns all of it wherever it stands, such as a hold, is for who may see all these
sites.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import models
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from inventory import codes
from inventory.errors import Refusals, Refused
from inventory.fields import line_fields
from inventory.models import (
    AuditEntry,
    Balance,
    Container,
    Location,
    Lot,
    LotLink,
    Material,
    Movement,
    RefusedAttempt,
    Seal,
    Site,
    Unit,
)

CODE = "site_not_in_scope"

M = TypeVar("M", bound=models.Model)
Limit = frozenset[int]
"""Sites, by id."""
Condition = Callable[[Limit], Q]

_KEPT_AS = "_limited_to_sites"


def limit(user: User, to: Limit | None) -> None:
    """Let this user see and touch these sites only; None: all. For as long as the object lives."""
    setattr(user, _KEPT_AS, to)


def limit_of(user: Any) -> Limit | None:
    """The sites that a user is limited to; None for all."""
    found: Limit | None = getattr(user, _KEPT_AS, None)
    return found


# --- what belongs to which site -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Belonging:
    """The rows of a kind that are of some sites, and those that are of no other site besides.

    None where a row concerns every site.
    """

    some: Condition | None
    wholly: Condition | None


_KINDS: dict[type[models.Model], Belonging] = {}


def register(kind: type[models.Model], some: Condition | None, wholly: Any = ...) -> None:
    """Say how a kind of thing knows its sites: `some` finds the rows of sites (None: shared by all
    sites), `wholly` those that concern no other; the same unless said otherwise."""
    _KINDS[kind] = Belonging(some, some if wholly is ... else wholly)


def at(path: str) -> Condition:
    """By the key of a site, at the end of a chain of foreign keys."""
    return lambda limit: Q(**{f"{path}__in": limit})


def of_lot(path: str = "pk") -> Condition:
    """By a lot that is or was on hand there: its balances stay when they are used up."""
    return lambda limit: Q(
        **{f"{path}__in": Balance.objects.filter(location__site__in=limit).values("lot")}
    )


def of_lot_alone(path: str = "pk") -> Condition:
    """By a lot that is on hand nowhere else."""

    def condition(limit: Limit) -> Q:
        elsewhere = Balance.objects.on_hand().exclude(location__site__in=limit)
        return of_lot(path)(limit) & ~Q(**{f"{path}__in": elsewhere.values("lot")})

    return condition


def of_subject(limit: Limit) -> Q:
    """By what an entry of the audit trail is about, if that is a thing which knows its sites. Of an
    action that moved or tried something at other sites too, the entry is of these as well."""
    number = Cast(OuterRef("subject_id"), BigIntegerField())  # only where its type has numbers
    whens = []
    for kind, belonging in _KINDS.items():
        if kind is AuditEntry or not (belonging.some is None or _is_numbered(kind)):
            continue
        there = belonging.some and kind._default_manager.filter(belonging.some(limit), pk=number)
        seen = Value(True) if there is None else Exists(there)
        whens.append(When(subject_type=kind._meta.label_lower, then=seen))
    found = Q(Case(*whens, default=Value(False), output_field=BooleanField()))
    for kind, batched in (
        (kind, kind._default_manager.all()) for kind in (Movement, RefusedAttempt)
    ):
        here: Any = _KINDS[kind].some
        found &= ~Q(Exists(batched.filter(batch=OuterRef("batch")).exclude(here(limit))))
    return found


def _is_numbered(kind: type[models.Model]) -> bool:
    return isinstance(kind._meta.pk, models.AutoField | models.BigAutoField)


register(AuditEntry, of_subject)
register(Site, at("pk"))
register(Location, at("site"))
register(Container, at("location__site"))
register(Balance, at("location__site"))
register(RefusedAttempt, at("location__site"))
register(Movement, lambda limit: at("source__site")(limit) | at("target__site")(limit))
register(Lot, of_lot(), of_lot_alone())
register(LotLink, lambda limit: of_lot("parent")(limit) & of_lot("child")(limit))
register(Material, None)
register(Unit, None)
register(Seal, None)  # hashes and counts


# --- reading --------------------------------------------------------------------------------------


def within(rows: QuerySet[M, Any], user: Any) -> QuerySet[M, Any]:
    """Those of the rows that the user may see. Refuses `site_not_in_scope` for a kind of thing that
    does not know its sites."""
    return kept_to(rows, limit_of(user))


def kept_to(rows: QuerySet[M, Any], limit: Limit | None) -> QuerySet[M, Any]:
    """Those of the rows that are of these sites; all without a limit. Refuses as `within` does."""
    if limit is None:
        return rows
    belonging = _belonging(rows.model)
    return rows.filter(belonging.some(limit)) if belonging.some else rows


def told_of(limit: Limit | None) -> list[str] | None:
    """The sites that an answer tells of, by code, so that it can say so itself; None for all."""
    if limit is None:
        return None
    return list(Site.objects.filter(pk__in=limit).order_by("code").values_list("code", flat=True))


def require_wholly(thing: models.Model, user: Any) -> None:
    """Refuse what concerns other sites as well: as doing something with it everywhere is."""
    limit = limit_of(user)
    if limit is not None and _beyond_of([thing], limit, everywhere=True):
        raise beyond()


def require_whole(lots: QuerySet[Lot, Any], user: Any) -> None:
    """Refuse what has to be told whole, unless these lots have never been anywhere else: half of
    where something came from or went to would be taken for all of it."""
    limit = limit_of(user)
    if limit is None:
        return
    there = Balance.objects.filter(lot__in=lots.order_by().values("pk"))
    if there.exclude(location__site__in=limit).exists():
        raise in_part()


def in_part() -> Refused:
    """The refusal of what could only be told in part."""
    return Refused(
        _("Some of it was at sites that the token is not for, and it is told whole or not at all."),
        code=CODE,
        hint=_("Use a token that is for all these sites."),
    )


def _belonging(kind: type[models.Model]) -> Belonging:
    found = _KINDS.get(kind._meta.concrete_model or kind)
    if found is None:
        raise across_sites()
    return found


def across_sites() -> Refused:
    """The refusal of what cannot be told apart by site."""
    return Refused(
        _("This cannot be told apart by site, and the token is for some sites only."),
        code=CODE,
        hint=_("Use a token that is for all sites."),
    )


# --- doing ----------------------------------------------------------------------------------------


def require(user: Any, touched: Iterable[tuple[int | None, Iterable[models.Model]]]) -> None:
    """Hold a change to the user's sites: for each line, the places or demands that it touches.

    Called by the writers, so that what an action finds for itself is held to it too.
    Refuses `site_not_in_scope`, for every line at once.
    """
    limit = limit_of(user)
    if limit is None:
        return
    refusals = Refusals()
    for line, things in touched:
        if any(_site_of(thing) not in limit for thing in things):
            refusals.add(beyond(), line=line)
    refusals.raise_any()


def _site_of(thing: Any) -> int | None:
    return thing.pk if isinstance(thing, Site) else getattr(thing, "site_id", None)


def require_own(row: models.Model, user: Any) -> None:
    """Hold a change of master data to the user's sites. What all sites share is nobody's own."""
    limit = limit_of(user)
    if limit is None:
        return
    own = _belonging(type(row)).some
    if own is None or not type(row)._default_manager.filter(own(limit), pk=row.pk).exists():
        raise beyond()


def check_lines(
    lines: Sequence[Any], user: Any, *, everywhere: bool = False, by_text: bool = False
) -> None:
    """Hold all that lines name to the user's sites. One statement for each kind of thing.

    `everywhere` where the verb concerns things wherever they stand: then they must stand nowhere
    else. `by_text` where the action itself finds what texts name, and holds that to the sites: a
    line may then name nothing that has one. Refuses `site_not_in_scope`, by line and field.
    """
    limit = limit_of(user)
    if limit is None:
        return
    refusals = Refusals()
    named = [list(_named(line)) for line in lines]
    strangers = _beyond_of([thing for found in named for _field, thing in found], limit, everywhere)
    for index, (line, found) in enumerate(zip(lines, named, strict=True)):
        fields = [name for name, thing in found if (type(thing), thing.pk) in strangers]
        if everywhere and getattr(line, "supplier_lot", None):
            fields.append("supplier_lot")  # what came by this number may stand anywhere
        if fields or not (by_text or any(_has_site(thing) for _field, thing in found)):
            refusals.add(beyond(fields[0] if fields else None), line=index)
    refusals.raise_any()


def _named(line: Any, field: str = "") -> Iterator[tuple[str, models.Model]]:
    """What a line names, and in which of its own fields."""
    for declared in line_fields(type(line)):
        value = getattr(line, declared.name)
        for one in (value or ()) if declared.many else (value,):
            if declared.is_nested:
                yield from _named(one, field or declared.name)
            elif isinstance(one, models.Model):
                yield field or declared.name, one


def _has_site(thing: models.Model) -> bool:
    belonging = _KINDS.get(type(thing))
    return belonging is not None and belonging.some is not None


def _beyond_of(
    things: Iterable[models.Model], limit: Limit, everywhere: bool
) -> set[tuple[type[models.Model], Any]]:
    """Those of the things that are not wholly, or not at all, of the sites."""
    by_kind: dict[type[models.Model], set[Any]] = {}
    for thing in things:
        by_kind.setdefault(type(thing), set()).add(thing.pk)
    strangers: set[tuple[type[models.Model], Any]] = set()
    for kind, keys in by_kind.items():
        belonging = _KINDS.get(kind, Belonging(None, None))
        condition = belonging.wholly if everywhere else belonging.some
        shared = condition is None and kind in _KINDS and (not everywhere or kind is Unit)
        if condition is not None:
            rows = kind._default_manager.filter(condition(limit), pk__in=keys)
            keys = keys - set(rows.values_list("pk", flat=True))
        strangers |= set() if shared else {(kind, key) for key in keys}
    return strangers


def beyond(field: str | None = None) -> Refused:
    """The refusal of what is named and not of the sites."""
    return Refused(
        _("This belongs to a site that the token is not for, or not to its sites alone."),
        code=CODE,
        field=field,
        hint=_("Use a token for that site."),
    )


# --- what is said of other sites ------------------------------------------------------------------


def discreet(refusals: Iterable[Refused], user: Any) -> None:
    """Take the words out of refusals that name what the user may not see.

    An action that refuses a lot because it stands in several places lists them all.
    """
    limit = limit_of(user)
    if limit is None:
        return
    for found in refusals:
        if found.code != CODE and tells(f"{found.text} {found.hint} {found.facts}", limit):
            found.message = _("It is also at sites that the token is not for.")
            found.hint, found.facts = _("Name the place and the demand that are meant."), {}


def hush(rows: Iterable[dict[str, Any]], fields: Iterable[str], user: Any) -> None:
    """Empty these fields of rows in which one of them names what the user may not see. One
    statement for each kind of thing that has a code, however many rows."""
    limit = limit_of(user)
    if limit is None:
        return
    told = [(row, [name for name in fields if name in row]) for row in rows]
    said = [_words(" ".join(str(row[name]) for name in names)) for row, names in told]
    strange = _strange(set[str]().union(*said), limit)
    for (row, names), words in zip(told, said, strict=True):
        if words & strange:
            row.update({name: None if row[name] is None else type(row[name])() for name in names})


def tells(text: str, limit: Limit) -> bool:
    """Whether a text names something of other sites."""
    return bool(_strange(_words(text), limit))


def _words(text: str) -> set[str]:
    words = set(re.split(r"[\s,;:()\[\]{}'\"“”]+", text)) - {""}
    return words | {word.rstrip(".") for word in words}


def _strange(words: set[str], limit: Limit) -> set[str]:
    """Those of the words that are codes of things of other sites."""
    found: set[str] = set()
    for kind, columns in codes.columns().items() if words else ():
        belonging = _KINDS.get(kind)
        if belonging is not None and belonging.some is not None:
            named = kind._default_manager.filter(**{f"{columns[0]}__in": words})
            beyond = named.exclude(belonging.some(limit)).order_by()
            found |= set(beyond.values_list(columns[0], flat=True))
    return found
