"""The quality verbs, and the things they name by number."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from inventory import actions as stock
from inventory import codes
from inventory.verbs import Verb, register
from quality import actions
from quality.models import Hold, Inspection, Proposal

QUALITY = _("Quality")


_of_lots = partial(Verb, "quality", everywhere=True)
"""A verb that concerns all of a lot, wherever it stands."""


def install() -> None:
    """Offer the quality verbs."""
    codes.register(Hold, codes.Naming(("id",), ("lot", "container", "location", "material")))
    codes.register(Inspection, codes.Naming(("id",), ("lot", "actor")))
    codes.register(Proposal, codes.Naming(("id",), ("lot__material",)))
    register(
        _of_lots("place_hold", _("Place hold"), actions.place_hold, actions.NewHold,
             icon="pause-circle-fill", group=QUALITY,
             help=_("Stop a lot, container, location, material or supplier lot.")),
        _of_lots("lift_hold", _("Lift hold"), actions.lift_hold, actions.Lift,
             icon="unlock", group=QUALITY, changes="hold",
             help=_("End a hold, and say what was found, signed.")),
        _of_lots("record_inspection", _("Record results"), actions.record_inspection,
             actions.Result, icon="clipboard2-check", group=QUALITY,
             help=_("Record what an inspection found.")),
        _of_lots("dispose_inspection", _("Decide on failed inspection"),
             actions.dispose_inspection, actions.Verdict, icon="signpost-split", group=QUALITY,
             changes="inspection",
             help=_("Accept results outside their limits, have them done again, or leave it.")),
        _of_lots("release", _("Release"), actions.release, actions.Release,
             icon="patch-check-fill", group=QUALITY, changes="lot",
             help=_("Release lots for use, signed.")),
        _of_lots("restrict", _("Restrict"), actions.restrict, actions.Restriction,
             icon="funnel", group=QUALITY, changes="lot",
             help=_("Release lots for named demands only, signed.")),
        _of_lots("reject", _("Reject"), actions.reject, actions.Rejection,
             icon="x-octagon-fill", group=QUALITY, changes="lot",
             help=_("Bar lots from use, signed.")),
        _of_lots("reopen", _("Reopen"), actions.reopen, actions.Reopening,
             icon="arrow-counterclockwise", group=QUALITY, changes="lot",
             help=_("Put decided lots back into quarantine, signed.")),
        _of_lots("close_lot", _("Close lot"), actions.close_lot, actions.Closing,
             icon="shield-lock-fill", group=QUALITY, changes="lot",
             help=_("Close used-up lots, signed.")),
        _of_lots("countersign", _("Countersign"), actions.countersign,
             actions.Countersignature, icon="people", group=QUALITY, changes="proposal",
             help=_("Give a proposed decision its second signature.")),
        _of_lots("withdraw_proposal", _("Withdraw proposal"), actions.withdraw_proposal,
             actions.Withdrawal, icon="arrow-return-left", group=QUALITY, changes="proposal",
             help=_("Take back a decision that waits for its second signature.")),
        Verb("inventory", "split_lot", _("Split lot"), actions.split_lot, stock.Split,
             icon="signpost-split", group=QUALITY, help=_("Make part of a lot a lot of its own.")),
        Verb("inventory", "merge_lots", _("Merge lots"), actions.merge_lots, stock.Merge,
             icon="union", group=QUALITY, help=_("Put one lot into another.")),
    )  # fmt: skip
