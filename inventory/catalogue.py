"""The inventory verbs, in the order in which material meets them."""

from django.utils.translation import gettext_lazy as _

from inventory import actions
from inventory.verbs import Verb, register

STOCK = _("Stock")
CONTAINERS = _("Containers")


def install() -> None:
    """Offer the inventory verbs. Splitting and merging are quality's, which wraps them."""
    register(
        Verb("inventory", "receive", _("Receive"), actions.receive, actions.Receipt,
             icon="box-arrow-in-down", group=STOCK, help=_("Take a delivery into stock.")),
        Verb("inventory", "put_away", _("Put away"), actions.put_away, actions.Move,
             icon="archive-fill", group=STOCK, help=_("Bring stock to its storage place.")),
        Verb("inventory", "move", _("Move"), actions.move, actions.Move,
             icon="shuffle", group=STOCK,
             help=_("Move free stock, e.g. to quarantine.")),
        Verb("inventory", "adjust", _("Count"), actions.adjust, actions.Count,
             icon="calculator", group=STOCK,
             help=_("Enter what was counted; the books follow.")),
        Verb("inventory", "sample", _("Sample"), actions.sample, actions.Removal,
             icon="eyedropper", group=STOCK, help=_("Take a sample for testing.")),
        Verb("inventory", "scrap", _("Scrap"), actions.scrap, actions.Removal,
             icon="trash3", group=STOCK, help=_("Take stock out for destruction.")),
        Verb("inventory", "send_back", _("Send back"), actions.send_back, actions.Removal,
             icon="arrow-return-left", group=STOCK, help=_("Return stock to its supplier.")),
        Verb("inventory", "new_container", _("New container"), actions.new_container,
             actions.NewContainer, icon="box", group=CONTAINERS,
             help=_("Register a pallet, drum or tote.")),
        Verb("inventory", "number_container", _("Give an SSCC"), actions.number_container,
             actions.Numbering, icon="upc-scan", group=CONTAINERS, changes="container",
             help=_("Number a container by GS1.")),
        Verb("inventory", "pack", _("Pack"), actions.pack, actions.Pack,
             icon="box-seam", group=CONTAINERS, help=_("Put loose stock into a container.")),
        Verb("inventory", "unpack", _("Unpack"), actions.unpack, actions.Pack,
             icon="box2", group=CONTAINERS, help=_("Take stock out of a container.")),
        Verb("inventory", "move_container", _("Move container"), actions.move_container,
             actions.MoveContainer, icon="truck-flatbed", group=CONTAINERS, changes="container",
             help=_("Move a container with all it holds.")),
    )  # fmt: skip
