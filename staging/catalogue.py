"""The staging verbs, and the things they name by code."""

from django.utils.translation import gettext_lazy as _

from inventory import actions as stock
from inventory import codes
from inventory.scanning.naming import by_column
from inventory.verbs import Verb, register
from staging import actions
from staging.models import Alert, Demand

DEMANDS = _("Demands")
STAGING = _("Staging")
PRODUCTION = _("Production")
SHIPPING = _("Shipping")


def install() -> None:
    """Offer the staging verbs."""
    near = ("customer", "work_center", "product")
    codes.register(
        Demand,
        codes.Naming(
            ("reference",),
            near,
            by_scan=by_column(Demand, "reference", lambda scan: scan.reference, *near),
        ),
    )
    codes.register(Alert, codes.Naming(("id",), ("lot", "location", "site", "demand")))
    register(
        Verb("staging", "stage", _("Stage"), actions.stage, actions.Staging,
             icon="box-arrow-in-right", group=STAGING,
             help=_("Bring a lot to a lane, for a demand.")),
        Verb("staging", "assign", _("Assign"), actions.assign, actions.Assignment,
             icon="link-45deg", group=STAGING,
             help=_("Bind stock that stands in a lane to a demand.")),
        Verb("staging", "unstage", _("Unstage"), actions.unstage, actions.Unstaging,
             icon="arrow-down-circle", group=STAGING, help=_("Take staged stock back.")),
        Verb("staging", "transfer", _("Transfer"), actions.transfer, actions.Transfer,
             icon="arrow-left-right", group=STAGING,
             help=_("Move staged stock to another lane.")),
        Verb("staging", "borrow", _("Borrow"), actions.borrow, actions.Borrowing,
             icon="arrow-repeat", group=STAGING,
             help=_("Let another demand take staged stock over.")),
        Verb("staging", "allocate", _("Allocate"), actions.allocate, actions.AllocationLine,
             icon="bookmark-check", group=STAGING,
             help=_("Reserve stock for a demand, first expired first out.")),
        Verb("staging", "deallocate", _("Deallocate"), actions.deallocate, actions.Deallocation,
             icon="x-circle-fill", group=STAGING, help=_("Give a reservation up.")),
        Verb("staging", "issue", _("Issue"), actions.issue, actions.Issue,
             icon="play-circle-fill", group=PRODUCTION,
             help=_("Hand staged stock to the work centre: the activity starts.")),
        Verb("staging", "consume", _("Consume"), actions.consume, actions.Consumption,
             icon="gear-wide-connected", group=PRODUCTION, help=_("Record what was used up.")),
        Verb("staging", "produce", _("Produce"), actions.produce, actions.Output,
             icon="boxes", group=PRODUCTION, help=_("Put what was made into stock.")),
        Verb("staging", "return_remainder", _("Return remainder"), actions.return_remainder,
             actions.Remainder, icon="arrow-return-left", group=PRODUCTION,
             help=_("Take back what was issued and not used.")),
        Verb("staging", "load", _("Load"), actions.load, actions.Loading,
             icon="truck", group=SHIPPING, help=_("Put staged goods on a vehicle.")),
        Verb("staging", "unload", _("Unload"), actions.unload, actions.Unloading,
             icon="truck-flatbed", group=SHIPPING, help=_("Take loaded goods back to a lane.")),
        Verb("staging", "ship", _("Ship"), actions.ship, actions.Shipping,
             icon="box-arrow-right", group=SHIPPING, help=_("Let goods leave for the customer.")),
        Verb("staging", "create_demand", _("New demand"), actions.create_demand,
             actions.NewDemand, icon="plus-lg", group=DEMANDS,
             help=_("Say what the next step needs, and when.")),
        Verb("staging", "change_demand", _("Change demand"), actions.change_demand,
             actions.DemandChange, icon="pencil", group=DEMANDS, changes="demand",
             help=_("Change its time or quantities.")),
        Verb("staging", "cancel_demand", _("Cancel demand"), actions.cancel_demand,
             actions.Cancellation, icon="x-lg", group=DEMANDS, changes="demand",
             help=_("Cancel a demand that has not started.")),
        Verb("staging", "complete_demand", _("Complete demand"), actions.complete_demand,
             actions.DemandEnd, icon="check2-all", group=DEMANDS, changes="demand",
             help=_("Complete a demand, short if need be.")),
        Verb("staging", "acknowledge", _("Acknowledge"), actions.acknowledge,
             actions.Acknowledgement, icon="check-lg", group=DEMANDS, changes="alert",
             help=_("Say what is being done about an alert.")),
        Verb("staging", "snooze", _("Snooze"), actions.snooze, actions.Snooze,
             icon="alarm", group=DEMANDS, changes="alert",
             help=_("Put an alert off, until a time or for a while.")),
        Verb("staging", "wake", _("Wake"), actions.wake, actions.Waking,
             icon="bell", group=DEMANDS, changes="alert",
             help=_("Have a snoozed alert heard of again.")),
        Verb("staging", "assign_alert", _("Assign alert"), actions.assign_alert,
             actions.Assigning, icon="person-check", group=DEMANDS, changes="alert",
             help=_("Say who is to see to an alert.")),
        Verb("inventory", "reverse", _("Reverse"), actions.reverse, stock.Reversal,
             icon="arrow-counterclockwise", group=STAGING,
             help=_("Undo a movement by its opposite.")),
    )  # fmt: skip
