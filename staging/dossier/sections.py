"""The dossier in numbered sections, in the one order in which page and PDF show it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrPromise

from inventory import audit_words
from inventory.on_hand import PARTS
from staging.charts.drawing import Drawing
from staging.dossier import pictures, words
from staging.dossier.words import NOTHING, at, joined, local, name, when, word

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text, which may have several lines. `widths` are shares of the breadth; `numeric`
    columns stand at the right; `long` may be paged where there is a next page to turn to."""

    headings: Sequence[str]
    widths: Sequence[int]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    long: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence; `bad` if somebody should look into it."""

    text: str
    bad: bool = False


Block = Facts | Table | Note | Drawing


@dataclass(frozen=True, slots=True)
class Section:
    number: int
    title: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return f"section-{self.number}"


def sections(said: Content, now: datetime) -> list[Section]:
    """All of it. `now` ends the plot."""
    return [
        Section(number, str(title), list(build(said, now)))
        for number, (title, build) in enumerate(ORDER, 1)
    ]


def _left_out(count: int) -> Iterator[Note]:
    if count:
        yield Note(
            _(
                "%(count)s older records are left out here. The export of the records has all "
                "of them: Audit trail, Export."
            )
            % {"count": count},
            bad=True,
        )


def _or_none(table: Table, nothing: str) -> Table | Note:
    return table if table.rows else Note(nothing)


def _identity(said: Content, now: datetime) -> Iterator[Block]:
    lot = said["lot"]
    yield Facts(
        [
            (_("Lot"), lot["code"]),
            (_("Material"), f"{lot['material']} {lot['material_name']}"),
            (_("Kind"), word("material", lot["material_kind"])),
            (_("Serial") if lot["tracking"] == "serial" else _("Lot number"), lot["number"]),
            (_("Supplier lot"), lot["supplier_lot"] or NOTHING),
            (_("Quality status"), _standing(said, now)),
            (_("Made on"), lot["made_on"] or NOTHING),
            (_("Expires on"), lot["expires_on"] or NOTHING),
            (_("Retest on"), lot["retest_on"] or NOTHING),
            (_("Known since"), at(lot["known_since"])),
        ]
    )
    if uses := lot["restricted_to"]:
        rows = [(use["demand"], use["until"] or _("until decided again")) for use in uses]
        yield Table([_("Restricted to"), _("Until")], [3, 2], rows)


def _standing(said: Content, now: datetime) -> str:
    """The status, and what stands against the use of the lot whatever its status is."""
    lot, today = said["lot"], local(now.isoformat()).date().isoformat()
    stops = [
        word("status", lot["status"]),
        _("on hold") if any(not hold["lifted_at"] for hold in said["holds"]) else "",
        _("expired") if (lot["expires_on"] or today) < today else "",
        _("retest due") if (lot["retest_on"] or today) < today else "",
    ]
    return joined(*stops, by=", ")


PART_WORDS = {
    "general": gettext_lazy("General"),
    "reserved": gettext_lazy("Reserved"),
    "staged": gettext_lazy("Staged"),
    "in_process": gettext_lazy("In process"),
    "in_transit": gettext_lazy("In transit"),
    "total": gettext_lazy("On hand"),
}


def _quantities(said: Content, now: datetime) -> Iterator[Block]:
    now_there, unit = said["quantities"], said["lot"]["unit"]
    parts = [(name, now_there["parts"][name]) for name in (*PARTS, "total")]
    yield Facts([(str(PART_WORDS[name]), f"{quantity} {unit}") for name, quantity in parts])
    yield _or_none(
        Table(
            [_("Place"), _("Kind"), _("Container"), _("Quantity"), _("Reserved"), _("Bound")],
            [3, 2, 2, 2, 2, 2],
            [
                (row["place"], word("place", row["place_kind"]), row["container"] or NOTHING,
                 f"{row['quantity']} {unit}", row["reserved"], row["bound"])
                for row in now_there["places"]
            ],
            frozenset({3, 4, 5}),
        ),
        _("None of it is on hand."),
    )  # fmt: skip
    if promised := now_there["promised"]:
        yield Table(
            [_("Promised to"), _("State"), _("Place"), _("Container"), _("Quantity"), _("Since")],
            [3, 2, 3, 2, 2, 3],
            [
                (row["demand"], word("state", row["state"]), row["place"],
                 row["container"] or NOTHING, f"{row['quantity']} {unit}", at(row["since"]))
                for row in promised
            ],
            frozenset({4}),
        )  # fmt: skip


def _over_time(said: Content, now: datetime) -> Iterator[Block]:
    quantities = said["quantities"]
    steps = [
        (words.local(row["recorded_at"]), Decimal(row["on_hand"])) for row in said["movements"]
    ]
    yield pictures.plot(Decimal(quantities["opening"]), steps, now, said["lot"]["unit"])
    if said["movements_left_out"]:
        yield Note(_("The line begins with the oldest movement that is listed below."))
    elif quantities["agrees"]:
        yield Note(_("The movements below add up to what the balances say is on hand."))
    else:
        yield Note(_("The movements below do NOT add up to what the balances say."), bad=True)


def _movements(said: Content, now: datetime) -> Iterator[Block]:
    yield from _left_out(said["movements_left_out"])
    yield _or_none(
        Table(
            [_("No."), _("Recorded"), _("What"), _("Quantity"), _("From → to"), _("On hand after"),
             _("Who"), _("Reference, reason")],
            [7, 12, 9, 9, 15, 8, 10, 13],
            [_movement(row, said["lot"]["unit"]) for row in said["movements"]],
            frozenset({3, 5}),
            long=True,
        ),
        _("No movement has been recorded."),
    )  # fmt: skip


def _movement(row: Content, unit: str) -> tuple[str, ...]:
    undone = _("reverses no. %(number)s") % {"number": row["reverses"]} if row["reverses"] else ""
    if row["reversed_by"]:
        undone = _("reversed by no. %(number)s") % {"number": row["reversed_by"]}
    ways = (
        joined(row["source"], row["from_container"]),
        joined(row["target"], row["to_container"]),
    )
    rule = _("rules v%(version)s") % {"version": row["rule_version"]} if row["rule_version"] else ""
    what = joined(word("movement", row["kind"]), undone, by="\n")
    return (
        str(row["id"]), when(row), what, f"{row['quantity']} {unit}", " → ".join(ways),
        row["on_hand"], name(row["by"]), joined(row["reference"], row["reason"], rule),
    )  # fmt: skip


def _genealogy(said: Content, now: datetime) -> Iterator[Block]:
    family = said["genealogy"]
    if not family["complete"]:
        yield Note(_("The family is larger than what could be traced."), bad=True)
    if family["made_from"] or family["went_into"]:
        yield pictures.family(said["lot"]["code"], family["made_from"], family["went_into"])
    for heading, links, nothing in (
        (_("Made from"), family["made_from"], _("Made from no other lot: it came from outside.")),
        (_("Went into"), family["went_into"], _("It went into no other lot so far.")),
    ):
        rows = [
            (link["far"], link["far_material"], word("status", link["far_status"]),
             link["near"], str(link["depth"]), _kind_of_link(link["kind"]),
             f"{link['quantity']} {link['unit']}" if link["quantity"] else NOTHING)
            for link in links
        ]  # fmt: skip
        yield _or_none(
            Table(
                [heading, _("Material"), _("Status"), _("Next to"), _("Steps"), _("By"),
                 _("Quantity")],
                [4, 4, 2, 4, 2, 2, 2],
                rows,
                frozenset({4, 6}),
            ),
            nothing,
        )  # fmt: skip


def _kind_of_link(kind: str) -> str:
    by = {"consume": _("Production"), "split": _("Split"), "merge": _("Merge")}
    return by.get(kind, kind)


def _inspections(said: Content, now: datetime) -> Iterator[Block]:
    for due in said["due_inspections"]:
        kind = word("inspection", due["kind"])
        yield Note(
            _("Due since %(at)s: %(kind)s") % {"at": at(due["since"]), "kind": kind}, bad=True
        )
    for row in said["inspections"]:
        yield Facts(_inspection(row))
        yield Table(
            [_("Characteristic"), _("Sample"), _("Result"), _("Limits"), _("Verdict"), _("Remark")],
            [4, 2, 3, 3, 2, 4],
            [
                (one["characteristic"], str(one["sample"] or NOTHING),
                 f"{one['value']} {one['unit']}".strip(), words.limits(one),
                 words.verdict(one["passed"]), joined(one["remark"], one["override"]))
                for one in row["results"]
            ],
            frozenset({2}),
        )  # fmt: skip
    if not said["inspections"]:
        yield Note(_("No inspection has been recorded."))
    if files := said["attachments"]:
        yield Table(
            [_("File"), _("What it is"), _("Bytes"), _("SHA-256"), _("Attached")],
            [3, 3, 1, 5, 3],
            [
                (one["name"], one["reason"] or NOTHING, str(one["size"]), one["sha256"],
                 joined(at(one["recorded_at"]), name(one["by"])))
                for one in files
            ],
            frozenset({2}),
        )  # fmt: skip


def _inspection(row: Content) -> list[tuple[str, str]]:
    version = row["plan_version"]
    plan = _("plan version %(version)s") % {"version": version} if version else _("without a plan")
    facts = [
        (_("Inspection no. %(number)s") % {"number": row["id"]},
         joined(word("inspection", row["kind"]), words.verdict(row["passed"]), plan)),
        (_("Recorded"), joined(when(row), name(row["by"]), row["reason"])),
    ]  # fmt: skip
    if row["superseded_by"]:
        said = _("superseded by inspection no. %(number)s") % {"number": row["superseded_by"]}
        facts.append((_("Counts"), said))
    for one in row["dispositions"]:
        outcome = word("outcome", one["outcome"])
        facts.append(
            (
                _("Disposition"),
                joined(outcome, at(one["recorded_at"]), name(one["by"]), one["reason"]),
            )
        )
    return facts


def _decisions(said: Content, now: datetime) -> Iterator[Block]:
    rows = [
        (at(row["recorded_at"]), _decision(row), row["reason"] or NOTHING, _signatures(row))
        for row in said["decisions"]
    ]
    headings = [_("When"), _("Decision"), _("Why"), _("Signatures")]
    yield _or_none(Table(headings, [3, 3, 3, 6], rows), _("No decision has been signed."))
    if proposals := said["proposals"]:
        yield Table(
            [_("When"), _("Proposed, for two to sign"), _("What became of it"), _("Signatures")],
            [3, 3, 3, 6],
            [
                (at(row["recorded_at"]), _decision(row), _ended(row["ended"]), _signatures(row))
                for row in proposals
            ],
        )


def _decision(row: Content) -> str:
    statuses = [word("status", row[end]) for end in ("from", "to") if end in row]
    until = _("until %(day)s") % {"day": row["until"]} if row["until"] else ""
    change = " → ".join(statuses) if len(statuses) == 2 else ""
    return joined(word("decision", row["kind"]), change, ", ".join(row["demands"]), until, by="\n")


def _ended(end: Content | None) -> str:
    if end is None:
        return _("waits for the second signature")
    ending = word("ending", end["ending"])
    return joined(ending, at(end["recorded_at"]), name(end["by"]), end["reason"], by="\n")


def _signatures(row: Content) -> str:
    return "\n\n".join(map(words.signed, row["signatures"])) or NOTHING


def _holds(said: Content, now: datetime) -> Iterator[Block]:
    rows = [
        (str(row["id"]), row["target"], joined(when(row), name(row["by"]), by="\n"), row["reason"],
         _lifted(row))
        for row in said["holds"]
    ]  # fmt: skip
    headings = [_("No."), _("On"), _("Placed"), _("Why"), _("Lifted")]
    yield _or_none(Table(headings, [1, 3, 3, 3, 5], rows), _("No hold was ever placed on it."))


def _lifted(row: Content) -> str:
    if not row["lifted_at"]:
        return _("OPEN")
    said = joined(at(row["lifted_at"]), name(row["lifted_by"]), row["lift_reason"], by="\n")
    return "\n\n".join([said, *map(words.signed, row["signatures"])])


def _alerts(said: Content, now: datetime) -> Iterator[Block]:
    rows = [
        (word("alert", row["reason"]), joined(row["place"], row["container"], row["demand"]),
         at(row["raised_at"]), at(row["closed_at"]),
         "\n\n".join(map(_alert_step, row["steps"])) or NOTHING)
        for row in said["alerts"]
    ]  # fmt: skip
    headings = [
        _("Alert"),
        _("Where and for whom"),
        _("Raised"),
        _("Cause gone"),
        _("Its life"),
    ]
    yield _or_none(Table(headings, [3, 3, 3, 3, 4], rows), _("No alert was raised."))


def _alert_step(row: Content) -> str:
    """What happened to an alert; of one that escalated to whom, of one that was put off how long,
    of one that was assigned to whom, and how bad one is by another rule."""
    of_kind = {
        "escalated": word("alert_level", row["level"]),
        "snoozed": at(row["until"]),
        "assigned": name(row["assigned_to"]),
        "regraded": word("severity", row["severity"]),
    }
    what = joined(word("alert_step", row["kind"]), of_kind.get(row["kind"], ""), by=": ")
    by = name(row["who"]) if row["who"] else ""
    return joined(f"{at(row['at'])} {what}", by, row["why"], by="\n")


def _refused(said: Content, now: datetime) -> Iterator[Block]:
    yield from _left_out(said["refused_left_out"])
    rows = [
        (when(row), name(row["by"]), audit_words.verb_label(row["tried"]), row["code"],
         row["message"])
        for row in said["refused_attempts"]
    ]  # fmt: skip
    headings = [_("When"), _("Who"), _("Tried"), _("Code"), _("Why it was refused")]
    yield _or_none(Table(headings, [3, 3, 2, 3, 5], rows), _("No attempt was refused."))


def _changed(said: Content, now: datetime) -> Iterator[Block]:
    """Whether anything was changed after it was first recorded (21 CFR 11.10(b), Annex 11 §8.2)."""
    rows = [
        (at(row["recorded_at"]), _("Movement no. %(number)s was reversed") % {"number": row["id"]},
         _("by movement no. %(number)s") % {"number": row["reversed_by"]}, NOTHING)
        for row in said["movements"] if row["reversed_by"]
    ]  # fmt: skip
    rows += [
        (at(row["recorded_at"]),
         _("Inspection no. %(number)s was superseded") % {"number": row["id"]},
         _("by inspection no. %(number)s") % {"number": row["superseded_by"]}, NOTHING)
        for row in said["inspections"] if row["superseded_by"]
    ]  # fmt: skip
    rows += [
        (when(row), audit_words.in_words(row["action"]), words.changes(row),
         joined(name(row["by"]), row["reason"], by="\n"))
        for row in said["audit"] if row["about_the_lot"] and row["changes"]
    ]  # fmt: skip
    yield Note(
        _("Yes: what follows was changed, reversed or superseded after it was first recorded.")
        if rows
        else _("No: nothing was changed, reversed or superseded since it was first recorded.")
    )
    if rows:
        headings = [_("Recorded"), _("What"), _("Old and new"), _("Who and why")]
        yield Table(headings, [3, 4, 5, 4], rows)


def _audit(said: Content, now: datetime) -> Iterator[Block]:
    yield from _left_out(said["audit_left_out"])
    rows = [
        (str(row["id"]), when(row), name(row["by"]), word("surface", row["surface"]),
         audit_words.in_words(row["action"]),
         joined(row["subject"], words.changes(row), row["reason"], by="\n"))
        for row in said["audit"]
    ]  # fmt: skip
    headings = [_("No."), _("Recorded"), _("Who"), _("Through"), _("What"), _("Of what, and why")]
    widths = [7, 12, 13, 9, 14, 25]
    yield _or_none(Table(headings, widths, rows, long=True), _("The audit trail has no entry."))


def _seals(said: Content, now: datetime) -> Iterator[Block]:
    seals = said["seals"]
    for finding in seals["findings"]:
        yield Note(finding, bad=True)
    if not seals["findings"]:
        yield Note(_("Every record of this dossier that is sealed and was compared is as sealed."))
    yield Facts(
        [
            (_("Records of this lot"), str(seals["rows"])),
            (_("As they were sealed"), str(seals["sound"])),
            (_("Waiting for their seal"), str(seals["waiting"])),
            (_("Not compared here"), str(seals["unread"])),
            (_("All of history verified"), _verified(said["verification"])),
        ]
    )
    rows = [
        (str(one["number"]), one["records"], at(one["sealed_at"]), one["hash"])
        for one in seals["seals"]
    ]
    headings = [_("Seal"), _("Records"), _("Sealed"), _("Hash")]
    if rows:
        yield Table(headings, [1, 3, 3, 8], rows)
    yield Note(
        _(
            "Records that were removed cannot be missed lot by lot: "
            "verifying all of history finds them."
        )
    )


def _verified(last: Content | None) -> str:
    if last is None:
        return _("never yet")
    return joined(at(last["at"]), _("sound") if last["sound"] else _("NOT SOUND"))


Build = Callable[[Content, datetime], Iterator[Block]]

ORDER: list[tuple[StrPromise, Build]] = [
    (gettext_lazy("Identity"), _identity),
    (gettext_lazy("Quantities now"), _quantities),
    (gettext_lazy("Quantity over time"), _over_time),
    (gettext_lazy("Movements"), _movements),
    (gettext_lazy("Genealogy"), _genealogy),
    (gettext_lazy("Inspections"), _inspections),
    (gettext_lazy("Decisions and signatures"), _decisions),
    (gettext_lazy("Holds"), _holds),
    (gettext_lazy("Alerts"), _alerts),
    (gettext_lazy("Refused attempts"), _refused),
    (gettext_lazy("Changes since the original entry"), _changed),
    (gettext_lazy("Audit trail"), _audit),
    (gettext_lazy("Seals and verification"), _seals),
]
