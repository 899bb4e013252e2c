"""What exists, where, and how it got there."""

from inventory.models.attempts import RefusedAttempt
from inventory.models.audit import AuditEntry, IdempotencyKey
from inventory.models.ledger import Balance, InheritedTimeOut, Movement, MovementKind
from inventory.models.lots import Container, Lot, LotLink
from inventory.models.mail import MailQuerySet, MailState, OutgoingMail
from inventory.models.materials import (
    LotStatus,
    Material,
    MaterialKind,
    MaterialUnit,
    Tracking,
    Unit,
)
from inventory.models.numbering import SsccSeries
from inventory.models.outbox import OutboxRow
from inventory.models.people import Account
from inventory.models.places import (
    REAL_KINDS,
    VIRTUAL_KINDS,
    CapacityPolicy,
    Condition,
    Location,
    LocationKind,
    Purpose,
    Site,
    ZoneChange,
)
from inventory.models.recorded import Recorded, Surface
from inventory.models.seals import ENTRY_BYTES, Seal, SealNotice

__all__ = [
    "ENTRY_BYTES",
    "REAL_KINDS",
    "VIRTUAL_KINDS",
    "Account",
    "AuditEntry",
    "Balance",
    "CapacityPolicy",
    "Condition",
    "Container",
    "IdempotencyKey",
    "InheritedTimeOut",
    "Location",
    "LocationKind",
    "Lot",
    "LotLink",
    "LotStatus",
    "MailQuerySet",
    "MailState",
    "Material",
    "MaterialKind",
    "MaterialUnit",
    "Movement",
    "MovementKind",
    "OutboxRow",
    "OutgoingMail",
    "Purpose",
    "Recorded",
    "RefusedAttempt",
    "Seal",
    "SealNotice",
    "Site",
    "SsccSeries",
    "Surface",
    "Tracking",
    "Unit",
    "ZoneChange",
]
