"""Demands: which next steps are coming, and how ready each is."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory import audit_words
from inventory.forms import permitted
from inventory.models import AuditEntry, Material, Movement, Site
from inventory.paging import every, sifted_page_of
from inventory.sheets.columns import BATCH, Column, Sheet
from inventory.verbs import REGISTRY
from inventory.views.common import FloorView, actor
from inventory.views.verbs import path_of
from inventory.wording import full_name, spelled
from inventory.zones import zone_of
from staging import kits
from staging.actions import suggest
from staging.actions.allocation import Suggestion
from staging.board import in_words
from staging.forms import DemandFilter
from staging.models import (
    Alert,
    AlertReason,
    Commitment,
    Demand,
    DemandState,
    Requirement,
    State,
    UnstageTask,
)
from staging.views import columns
from staging.views.columns import code
from staging.views.files import AsFile, listed
from staging.views.guided import path_to

ALL = "all"
MOST_EVENTS = 200
MOST_MATERIALS = 100
"""Materials that a text may mean. One that means more means none in particular."""
UNDER_WAY = (DemandState.STARTED, DemandState.COMPLETED, DemandState.CANCELLED)
"""States in which the time it was needed at has nothing more to say."""

PRODUCTION_NEXT = {
    State.RESERVED: ("stage", "deallocate"),
    State.STAGED: ("issue", "transfer", "unstage"),
    State.ISSUED: ("consume", "return_remainder"),
}
SHIPMENT_NEXT = {
    State.RESERVED: ("stage", "deallocate"),
    State.STAGED: ("load", "ship", "unstage"),
    State.ISSUED: ("ship", "unload"),
}
"""What can be done next with a commitment, the usual first."""

PLACE_FIELD = {
    "stage": "source",
    "deallocate": "source",
    "consume": "work_center",
    "return_remainder": "work_center",
    "unload": "vehicle",
}
"""The field that takes the place where the stock is; `lane` elsewhere."""

OF_COMMITMENT = ("lot__material", "location", "container", "dwell_policy")

WAY_BACK = ("unstage", "unload", "return_remainder")


class DemandListView(FloorView, AsFile):
    """Demands, the next needed first."""

    reads = ("staging.view_demand",)

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = DemandFilter(request.GET)
        page = sifted_page_of(
            _matching(asked), request.GET, column="needed_at", sieve=_sieve(asked)
        )
        context = {
            "filter": asked,
            "entries": _entries(page.rows),
            "previous_url": page.previous,
            "next_url": page.next,
            "new_url": path_of("create_demand"),
            "section": "demands",
        }
        return render(request, "staging/demand_list.html", context)

    def sheet(self) -> Sheet:
        asked = DemandFilter(self.request.GET)
        rows = _matching(asked)
        pages = every(rows, "needed_at", sieve=_sieve(asked), size=BATCH)
        return Sheet(
            name="demands", columns=COLUMNS, found=rows, batches=lambda: map(_entries, pages)
        )


def _entries(rows: list[Any]) -> list[dict[str, Any]]:
    """Demands with how complete their kits are, and whether a part of one may not be used."""
    found, now = kits.kits(rows), timezone.now()
    blocked = kits.blocked(rows, timezone.localdate())
    return [
        {
            "demand": row,
            "kit": found[row.pk],
            "blocked": any(line.pk in blocked for line in found[row.pk].lines),
            "done": row.state in UNDER_WAY,
            "overdue": row.needed_at < now and row.state not in UNDER_WAY,
        }
        for row in rows
    ]


COLUMNS = (
    Column("demand", _("Demand"), lambda one: one["demand"].reference),
    Column("kind", _("Kind"), lambda one: one["demand"].get_kind_display()),
    Column("product", _("Product"), lambda one: code(one["demand"].product)),
    Column("needed_at", _("Needed at"), lambda one: one["demand"].needed_at),
    Column("overdue", _("Overdue"), lambda one: one["overdue"]),
    Column("state", _("State"), lambda one: str(DemandState(one["demand"].state).label)),
    Column("blocked", _("Blocked"), lambda one: one["blocked"]),
    Column("lines", _("Lines"), lambda one: len(one["kit"].lines)),
    Column("complete_lines", _("Staged or beyond"), lambda one: one["kit"].complete_lines),
    Column("percent", _("Percent staged"), lambda one: one["kit"].percent),
    Column("work_center", _("Work centre"), lambda one: code(one["demand"].work_center)),
    Column("customer", _("Customer"), lambda one: code(one["demand"].customer)),
    Column("route", _("Route"), lambda one: one["demand"].route),
    Column("carrier", _("Carrier"), lambda one: one["demand"].carrier),
    Column("site", _("Site"), lambda one: one["demand"].site.code),
)


def _matching(asked: DemandFilter) -> Any:
    """What may be on the list, as far as indexes tell. `_sieve` picks from it."""
    rows = Demand.objects.with_state().select_related("site", "work_center", "customer", "product")
    state = asked.value("state")
    if not state:
        rows = rows.live()
    elif state != ALL:
        rows = rows.may_be([state])
    if kind := asked.value("kind"):
        rows = rows.filter(kind=kind)
    if site := asked.value("site"):
        rows = rows.filter(site=Site.objects.get(code=site))
    if text := asked.value("q").strip():
        rows = rows.filter(pk__in=named(text))
    return rows


def _sieve(asked: DemandFilter) -> Q | None:
    """What the demands' commitments have to say, for the state asked for."""
    state = asked.value("state")
    if state == ALL:
        return None
    return Q(state=state) if state else ~Q(state=DemandState.COMPLETED)


def named(text: str) -> QuerySet[Any, Any]:
    """Demands by how their reference begins, by their route, or by a material that they need.

    Each by its own index. References and routes are mostly written large, and typed small.
    """
    written = (text, text.upper())
    routed = Demand.objects.filter(route__in=written)
    materials = Material.objects.filter(Q(code__icontains=text) | Q(name__icontains=text))
    keys = materials.values_list("pk", flat=True)[:MOST_MATERIALS]
    needing = Requirement.objects.filter(material__in=list(keys))
    begin = [Demand.objects.filter(reference__startswith=one) for one in written]
    found = (rows.order_by().values("pk") for rows in (*begin, routed))
    return needing.order_by().values("demand").union(*found)


class DemandView(FloorView, AsFile):
    """One demand: how complete its kit is, what is where, what to do next, what happened."""

    reads = ("staging.view_demand",)

    @cached_property
    def demand(self) -> Demand:
        rows = Demand.objects.with_state().select_related(
            "site", "work_center", "customer", "product", "closed_by"
        )
        return get_object_or_404(rows, reference=self.kwargs["reference"])

    def sheet(self) -> Sheet:
        """Its kit, or with `table=standing` what of it is where."""
        demand = self.demand
        zone = zone_of(demand.site)
        if self.request.GET.get("table") == "standing":
            rows = _commitments(demand).select_related(*OF_COMMITMENT, "requirement__demand")
            return listed(f"demand-{demand.pk}", columns.COMMITMENTS, rows, zone=zone)
        return Sheet(
            name=f"kit-{demand.pk}", columns=KIT, zone=zone,
            batches=lambda: [_kit(demand, _suggestions(demand))],
        )  # fmt: skip

    def get(self, request: HttpRequest, reference: str) -> HttpResponse:
        demand = self.demand
        may = {verb.name for verb in permitted(actor(request).user, REGISTRY.values())}
        suggestions = _suggestions(demand)
        kit = kits.Kit([found.requirement for found in suggestions])
        blocked = kits.blocked([demand], timezone.localdate())
        state = demand.state  # type: ignore[attr-defined]
        context = {
            "demand": demand,
            "state": state,
            "under_way": state in UNDER_WAY,
            "kit": kit,
            "blocked": bool(blocked),
            "lines": [
                _line(found, demand, may) | {"blocked": blocked.get(found.requirement.pk)}
                for found in suggestions
            ],
            "standing": [_standing(row, demand, may) for row in _commitments(demand)],
            "handling": _offered(_handling(demand, kit), demand, may),
            "planning": _offered(_planning(demand, state), demand, may),
            "history": _history(demand, [found.requirement.pk for found in suggestions]),
            "lost": _alerts(demand, AlertReason.RESERVATION_LOST),
            "flagged": _alerts(demand, AlertReason.DEMAND_RETIMED, AlertReason.DEMAND_REROUTED),
            "to_unstage": _to_unstage(demand),
            "issued_label": _("Loaded") if demand.is_shipment else State.ISSUED.label,
            "used_label": _("Shipped") if demand.is_shipment else State.USED.label,
            "section": "demands",
        }
        with timezone.override(zone_of(demand.site)):
            return render(request, "staging/demand_detail.html", context)


def _kit(demand: Demand, found: Iterable[Suggestion]) -> list[tuple[Suggestion, Any]]:
    """Each line with how much of it is blocked."""
    blocked = kits.blocked([demand], timezone.localdate())
    return [(one, blocked.get(one.requirement.pk)) for one in found]


KIT = (
    Column("line", _("Line"), lambda one: one[0].requirement.line),
    Column("material", _("Material"), lambda one: one[0].requirement.material.code),
    Column("name", _("Name"), lambda one: one[0].requirement.material.name),
    Column("lot", _("Only lot"), lambda one: code(one[0].requirement.lot)),
    Column(
        "quantity", pgettext_lazy("quantity", "Required"), lambda one: one[0].requirement.quantity
    ),
    Column("reserved", _("Reserved"), lambda one: one[0].requirement.reserved),
    Column("staged", _("Staged"), lambda one: one[0].requirement.staged),
    Column("issued", _("Issued or loaded"), lambda one: one[0].requirement.issued),
    Column("used", _("Used or shipped"), lambda one: one[0].requirement.used),
    Column("short", _("Short"), lambda one: kits.short(one[0].requirement)),
    Column("blocked", _("Blocked"), lambda one: one[1]),
    Column("uncovered", _("No usable stock for"), lambda one: one[0].short),
    Column("unit", _("Unit"), lambda one: one[0].requirement.material.base_unit_id),
)


def _suggestions(demand: Demand) -> list[Suggestion]:
    """The demand's lines, with what would fill them while it is open."""
    if demand.closed_at is None:
        return suggest(demand)
    rows = demand.requirements.with_progress().select_related("material", "lot").order_by("line")
    return [Suggestion(row, [], kits.short(row)) for row in rows]


def _alerts(demand: Demand, *reasons: AlertReason) -> QuerySet[Alert]:
    """Open alerts about what the demand lost, or how it changed since it was staged."""
    of_demand = Alert.objects.open().filter(demand=demand)
    found = of_demand.filter(reason__in=reasons)
    return found.select_related("lot", "location").order_by("pk")


def _to_unstage(demand: Demand) -> QuerySet[UnstageTask]:
    """What the demand left in lanes, as far as it still stands there."""
    rows = UnstageTask.objects.open().filter(requirement__demand=demand)
    return rows.select_related("lot__material", "location", "container").order_by("pk")


def _line(found: Suggestion, demand: Demand, may: set[str]) -> dict[str, Any]:
    row = found.requirement
    offers = [
        {
            "balance": balance,
            "quantity": quantity,
            "url": path_to(
                "stage",
                demand=demand.reference,
                line=str(row.line),
                lot=balance.lot.code,
                source=balance.location.code,
                **({"container": balance.container.code} if balance.container else {}),
            )
            if "stage" in may
            else "",
        }
        for balance, quantity in found.parts
    ]
    return {
        "row": row,
        "short": kits.short(row),
        "uncovered": found.short,
        "complete": kits.share(row) == 1,
        "offers": offers,
    }


def _commitments(demand: Demand) -> Any:
    """What is reserved, staged or issued for the demand, with why it may not be used."""
    rows = Commitment.objects.open().filter(requirement__demand=demand)
    rows = rows.exclude(state=State.USED).with_stop(timezone.localdate())
    rows = rows.select_related(*OF_COMMITMENT)
    return rows.order_by("requirement__line", "state", "since", "pk")


def _standing(row: Commitment, demand: Demand, may: set[str]) -> dict[str, Any]:
    stop: str = row.stop  # type: ignore[attr-defined]
    nexts = (SHIPMENT_NEXT if demand.is_shipment else PRODUCTION_NEXT)[State(row.state)]
    if stop:
        nexts = tuple(name for name in nexts if name in WAY_BACK)
    names = [name for name in nexts if name in may]
    return {
        "row": row,
        "stop": stop,
        "why": in_words(stop),
        "verbs": [
            {"label": REGISTRY[name].label, "url": step_url(name, row, demand)} for name in names
        ],
    }


def step_url(name: str, row: Commitment, demand: Demand) -> str:
    """The form of a verb on a position, filled in."""
    filled = {
        "demand": demand.reference,
        "lot": row.lot.code,
        PLACE_FIELD.get(name, "lane"): row.location.code,
    }
    if row.container:
        filled["container"] = row.container.code
    return path_of(name, **filled)


def _handling(demand: Demand, kit: kits.Kit) -> list[str]:
    """Verbs on the demand's material, as its kind allows and its kit still needs."""
    if demand.closed_at is not None:
        return []
    names = [] if kit.is_complete else ["stage", "allocate"]
    return names if demand.is_shipment else [*names, "produce"]


def _planning(demand: Demand, state: str) -> list[str]:
    """Verbs on the demand itself."""
    if demand.closed_at is not None:
        return []
    names = ["change_demand", "complete_demand"]
    return names if state in UNDER_WAY else [*names, "cancel_demand"]


def _offered(names: Iterable[str], demand: Demand, may: set[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "label": REGISTRY[name].label,
            "icon": REGISTRY[name].icon,
            "url": (path_to if name == "stage" else path_of)(name, demand=demand.reference),
        }
        for name in names
        if name in may
    ]


def _history(demand: Demand, requirements: Sequence[int]) -> list[dict[str, Any]]:
    """What happened to the demand, the newest first: its movements, and what moved nothing."""
    moved = Movement.objects.filter(
        reference=demand.reference, task__in=requirements
    ).select_related("actor", "lot__material", "source", "target")
    movements = list(moved.order_by("-pk")[:MOST_EVENTS])
    batches = {movement.batch for movement in movements}
    told = AuditEntry.objects.filter(
        subject_type=demand._meta.label_lower, subject_id=str(demand.pk)
    ).select_related("actor")
    entries = [_of_movement(movement) for movement in movements]
    entries += [
        _of_entry(entry)
        for entry in told.order_by("-pk")[:MOST_EVENTS]
        if entry.batch not in batches
    ]
    return sorted(entries, key=lambda entry: entry["when"], reverse=True)


def _of_movement(row: Movement) -> dict[str, Any]:
    quantity = f"{spelled(row.quantity)} {row.lot.material.base_unit_id} {row.lot}"
    what = f"{row.get_kind_display()}: {quantity}, {row.source} → {row.target}"
    return _event(row, what, "arrow-right")


def _of_entry(entry: AuditEntry) -> dict[str, Any]:
    changed = "; ".join(
        f"{name}: {old if old is not None else '–'} → {new}"  # noqa: RUF001 - a dash for none
        for name, (old, new) in entry.changes.items()
        if old is not None
    )
    what = audit_words.in_words(entry.action)
    return _event(entry, f"{what} ({changed})" if changed else what, "pencil")


def _event(row: Movement | AuditEntry, what: str, icon: str) -> dict[str, Any]:
    return {
        "when": row.recorded_at,
        "who": full_name(row.actor),
        "what": what,
        "why": row.reason,
        "surface": row.get_surface_display(),
        "icon": icon,
    }
