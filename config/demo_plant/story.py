"""Tell what happened: verbs by name, things by code, times as so long ago."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import models

from config.demo_accounts import DEMO_PASSWORD
from inventory import codes, verbs
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import LineField, line_fields
from inventory.models import Surface
from inventory.zones import gate_day

Row = dict[str, Any]


def days(number: float) -> timedelta:
    return timedelta(days=number)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


class Story:
    """The demo's past, told from `now` by topic and played in the order of time.

    Everything came through the command line, and says so.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._people = {user.username: user for user in User.objects.all()}
        self._told: list[tuple[timedelta, str, str, tuple[Row, ...], str]] = []

    def actor(self, username: str) -> Actor:
        return Actor(self._people[username], Surface.COMMAND)

    def do(self, name: str, who: str, ago: timedelta, *rows: Row) -> None:
        """Tell that somebody did something, so long ago."""
        self._told.append((ago, name, who, rows, ""))

    def fail(self, name: str, who: str, ago: timedelta, row: Row, *, code: str) -> None:
        """Tell that somebody tried something and was refused, with this code."""
        self._told.append((ago, name, who, (row,), code))

    def sign(self, name: str, ago: timedelta, reason: str, *rows: Row) -> None:
        """Tell that `qa` decided on lots, with the signature that it takes."""
        signed = {"meaning": "approval", "reason": reason, "password": DEMO_PASSWORD}
        self.do(name, "qa", ago, *(signed | row for row in rows))

    def play(self) -> None:
        """Carry out all that was told. Raises what an action raises: the story must hold."""
        told = sorted(self._told, key=lambda event: event[0], reverse=True)
        self._told.clear()
        for ago, name, who, rows, code in told:
            verb, by, at = verbs.REGISTRY[name], self.actor(who), self.now - ago
            lines = [self._line(verb.line, row) for row in rows]
            if code:
                self._try(verb, lines, by, at, code)
            else:
                verb.run(lines=lines, by=by, at=at)

    def _try(self, verb: verbs.Verb, lines: list[Any], by: Actor, at: datetime, code: str) -> None:
        try:
            verbs.carry_out(verb, lines, by=by, at=at)
        except Refused as refusal:
            if refusal.code == code:
                return
            raise
        raise ValueError(f"{verb.name} was not refused with {code}.")

    def _line(self, line: type[Any], row: Row) -> Any:
        known = {field.name: field for field in line_fields(line)}
        return line(**{name: self._value(known[name], value) for name, value in row.items()})

    def _value(self, field: LineField, value: Any) -> Any:
        if field.many:
            return tuple(self._one(field.type, part) for part in value)
        return self._one(field.type, value)

    def _one(self, kind: type[Any], value: Any) -> Any:
        """A code becomes the thing it names, a number of days a date, a time span a time.

        What has no code before it happens is given as a function that finds it.
        """
        if isinstance(value, dict):
            return self._line(kind, value)
        if codes.is_named(kind):
            return value() if callable(value) else codes.find_one(kind, value)
        if kind is Decimal or issubclass(kind, models.TextChoices):
            return kind(value)
        if kind is datetime:
            return self.now + value
        if kind is date:
            return gate_day(self.now) + days(value)
        return value
