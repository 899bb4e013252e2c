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
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inventory import codes
from inventory.errors import Refusals, Refused
from inventory.fields import line_fields
from inventory.models import (
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
    limit = limit_of(user)
    if limit is None:
        return rows
    belonging = _belonging(rows.model)
    return rows.filter(belonging.some(limit)) if belonging.some else rows


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
        if any(getattr(thing, "site_id", None) not in limit for thing in things):
            refusals.add(beyond(), line=line)
    refusals.raise_any()


def check_lines(lines: Sequence[Any], user: Any, *, everywhere: bool = False) -> None:
    """Hold all that lines name to the user's sites. One statement for each kind of thing.

    `everywhere` where the verb concerns things wherever they stand: then they must stand nowhere
    else. Refuses `site_not_in_scope`, by line and field.
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
        if fields or not any(_has_site(thing) for _field, thing in found):
            refusals.add(beyond(fields[0] if fields else None), line=index)
    refusals.raise_any()


def _named(line: Any, field: str = "") -> Iterator[tuple[str, models.Model]]:
    """What a line names, and in which of its own fields."""
    for declared in line_fields(type(line)):
        value = getattr(line, declared.name)
        for one in value if declared.many else (value,):
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
        if found.code != CODE and _tells(f"{found.text} {found.hint} {found.facts}", limit):
            found.message = _("It is also at sites that the token is not for.")
            found.hint, found.facts = _("Name the place and the demand that are meant."), {}


def _tells(text: str, limit: Limit) -> bool:
    words = set(re.split(r"[\s,;:()\[\]{}'\"“”]+", text)) - {""}
    words |= {word.rstrip(".") for word in words}
    return any(
        kind._default_manager.filter(**{f"{columns[0]}__in": words})
        .exclude(belonging.some(limit))
        .exists()
        for kind, columns in codes.columns().items()
        if (belonging := _KINDS.get(kind)) is not None and belonging.some is not None
    )
