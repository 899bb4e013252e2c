"""Material requirements and lots out of documents shaped like B2MML (ISA-95), as our messages.

Read are `ProductionSchedule` and `OperationsSchedule` with their requests, segment requirements
and material requirements, and `MaterialInformation` with its `MaterialLot`s; anything else in a
document is left alone. A request of one segment is a production order; each segment of a request
of several is an operation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from integration.inbound.tree import Node
from inventory.errors import Refused
from inventory.fields import Words

SCHEDULES = ("OperationsSchedule", "ProductionSchedule")
REQUESTS = ("OperationsRequest", "ProductionRequest")
LOTS = ("MaterialInformation", "MaterialLot")
MATERIALS = ("MaterialRequirement", "MaterialConsumedRequirement", "MaterialProducedRequirement")
USES = {"consumed": "consumed", "produced": "produced"}
CALLED_OFF = {"cancelled", "canceled", "aborted"}
PROPERTIES = {
    "ExpirationDate": "expires_on",
    "ManufacturingDate": "made_on",
    "SupplierLot": "supplier_lot",
}
"""Properties of a lot that we read, and our fields."""


@dataclass(slots=True)
class Found:
    """One message, and which element each of its fields comes from."""

    body: dict[str, Any]
    where: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, node: Node | None) -> None:
        """A field from an element, if the element is there and says anything."""
        if node is not None and node.text:
            self.body[name] = node.text
            self.where[name] = node.path

    def path_of(self, name: str | None) -> str:
        """The element that a field came from, or the one around it."""
        while name and name not in self.where:
            name = name.rpartition(".")[0]
        return self.where.get(name or "", "")


@dataclass(slots=True)
class Document:
    """What a document holds: messages about demands, or about lots."""

    demands: list[Found] = field(default_factory=list)
    lots: list[Found] = field(default_factory=list)


def read(root: Node, source: str) -> Document:
    """Refuses `element_needed`, `material_use_unknown`, `nothing_read`, `mixed_document`; each
    names its element in `field`."""
    document = Document()
    for node in _subjects(root):
        if node.name in SCHEDULES:
            document.demands += _schedule(node, source)
        else:
            of_lots = [node] if node.name == "MaterialLot" else node.all("MaterialLot")
            document.lots += [_lot(lot, source) for lot in of_lots]
    if document.demands and document.lots:
        raise _refused("mixed_document", root, _("Send schedules and lots in documents apart."))
    if not (document.demands or document.lots):
        raise _refused(
            "nothing_read",
            root,
            _("Send an OperationsSchedule, a ProductionSchedule or MaterialLots."),
        )
    return document


def _subjects(root: Node) -> Iterator[Node]:
    """At the root, or within the message around it (`ProcessOperationsSchedule/DataArea`)."""
    around = [root]
    for _depth in range(3):
        inside = [kid for node in around for kid in node.kids()]
        found = [node for node in inside if node.name in (*SCHEDULES, *LOTS)]
        if found:
            yield from found
            return
        around = [node for node in inside if not node.text]


def _schedule(schedule: Node, source: str) -> Iterator[Found]:
    for request in schedule.all(*REQUESTS):
        name = _needed(request, "ID")
        segments = request.all("SegmentRequirement")
        alone = len(segments) < 2
        for segment in segments or [request]:
            own = name if alone else Node("ID", _needed(segment, "ID").path, (
                f"{name.text}.{_needed(segment, 'ID').text}"))  # fmt: skip
            found = Found({"source": source}, {"": segment.path})
            found.take("id", own)
            found.body["kind"] = "production" if alone else "operation"
            _heading(found, schedule, request, segment)
            _materials(found, segment)
            yield found


def _heading(found: Found, schedule: Node, request: Node, segment: Node) -> None:
    found.take("changed_at", schedule.first("PublishedDate"))
    found.take("site", _site(schedule))
    found.take("site", _site(request))
    found.take("needed_at", request.first("StartTime"))
    for name in ("EarliestStartTime", "StartTime"):
        found.take("needed_at", segment.first(name))
    found.take("work_center", segment.first("EquipmentRequirement", "EquipmentID"))
    for node in (request, segment):
        state = node.first("RequestState") or node.first("SegmentState")
        if state and state.text.lower() in CALLED_OFF:
            found.body["cancelled"] = True


def _site(node: Node) -> Node | None:
    """The site among the levels of the plant that it names, or else the outermost."""
    scope = node.first("HierarchyScope") or node.first("Location")
    outermost = scope.first("EquipmentID") if scope else None
    while scope:
        level = scope.first("EquipmentLevel") or scope.first("EquipmentElementLevel")
        if level and level.text.lower() == "site":
            return scope.first("EquipmentID")
        scope = scope.first("HierarchyScope") or scope.first("Location")
    return outermost


def _materials(found: Found, segment: Node) -> None:
    needs: list[dict[str, Any]] = []
    for number, node in enumerate(segment.all(*MATERIALS), start=1):
        if _use(node) == "produced":
            found.take("product", node.first("MaterialDefinitionID"))
            continue
        need = Found({"line": str(number)}, {"": node.path})
        need.take("line", node.first("ID"))
        need.take("material", _needed(node, "MaterialDefinitionID"))
        need.take("quantity", _needed(node, "Quantity", "QuantityString"))
        need.take("unit", node.first("Quantity", "UnitOfMeasure"))
        need.take("lot", node.first("MaterialLotID"))
        prefix = f"requirements.{len(needs)}"
        found.where |= {f"{prefix}.{key}".rstrip("."): at for key, at in need.where.items()}
        needs.append(need.body)
    if needs or not found.body.get("cancelled"):
        found.body["requirements"] = needs


def _use(node: Node) -> str:
    if node.name != "MaterialRequirement":
        return "produced" if node.name == "MaterialProducedRequirement" else "consumed"
    said = node.first("MaterialUse")
    use = USES.get(said.text.lower()) if said else None
    if use is None:
        raise _refused(
            "material_use_unknown",
            said or node,
            _("Say in MaterialUse whether it is Consumed or Produced."),
        )
    return use


def _lot(node: Node, source: str) -> Found:
    found = Found({"source": source}, {"": node.path})
    found.take("id", _needed(node, "ID"))
    found.take("material", _needed(node, "MaterialDefinitionID"))
    for one in node.all("MaterialLotProperty"):
        name = one.first("ID")
        if name and name.text in PROPERTIES:
            found.take(PROPERTIES[name.text], one.first("Value", "ValueString"))
    return found


def _needed(node: Node, *path: str) -> Node:
    found = node.first(*path)
    if found is None or not found.text:
        missing = Node(path[-1], f"{node.path}/{'/'.join(path)}", None)
        raise _refused("element_needed", missing, _("Send it, with its text."))
    return found


def _refused(code: str, node: Node, hint: Words) -> Refused:
    return Refused(
        _("%(path)s is missing, empty or not understood."),
        code=code,
        field=node.path or "/",
        hint=hint,
        path=node.path or "/",
    )
