"""Every change to stock is one of these functions, whatever surface asks for it."""

from inventory.actions.containers import (
    MoveContainer,
    NewContainer,
    Pack,
    move_container,
    new_container,
    pack,
    unpack,
)
from inventory.actions.counts import Count, adjust
from inventory.actions.lots import Merge, Split, merge_lots, split_lot
from inventory.actions.master import remove_master, save_master
from inventory.actions.moves import Move, Removal, move, put_away, sample, scrap, send_back
from inventory.actions.numbering import Numbering, number_container
from inventory.actions.receipt import Announcement, Receipt, announce, receive
from inventory.actions.reversal import Reversal, reverse

__all__ = [
    "Announcement",
    "Count",
    "Merge",
    "Move",
    "MoveContainer",
    "NewContainer",
    "Numbering",
    "Pack",
    "Receipt",
    "Removal",
    "Reversal",
    "Split",
    "adjust",
    "announce",
    "merge_lots",
    "move",
    "move_container",
    "new_container",
    "number_container",
    "pack",
    "put_away",
    "receive",
    "remove_master",
    "reverse",
    "sample",
    "save_master",
    "scrap",
    "send_back",
    "split_lot",
    "unpack",
]
