"""What the model expects of a request: of one line, of several, of those that are refused."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.machine import quality, staging, stock
from tests.machine.model import Model, No

Line = dict[str, Any]

ENTANGLED = {"allocate", "merge_lots", "change_demand", "cancel_demand", "complete_demand"}
"""Verbs whose lines bear on each other even where they name different things."""


def rule_of(verb: str) -> Callable[..., None]:
    """The model's own version of a verb."""
    modules = (stock, quality, staging)
    found: Callable[..., None] = next(
        getattr(module, verb) for module in modules if hasattr(module, verb)
    )
    return found


def expect(verb: str, model: Model, lines: Sequence[Line]) -> tuple[Model, list[str]]:
    """The model after the lines that it accepts, and of each line '' or why not."""
    codes = []
    for line in lines:
        trial = model.copy()
        try:
            rule_of(verb)(trial, **line)
        except No as refusal:
            codes.append(refusal.code)
        else:
            codes.append("")
            model = trial
    return model, codes


def independent(verb: str, model: Model, lines: Sequence[Line]) -> bool:
    """Whether the lines have nothing in common, so that their order does not matter."""
    if len(lines) == 1:
        return True
    if verb in ENTANGLED:
        return False
    touched = [_touched(model, line) for line in lines]
    return sum(len(names) for names in touched) == len(set().union(*touched))


def _touched(m: Model, line: Line) -> set[str]:
    """What a line may draw on: lots, boxes, demands, and lanes with a capacity."""
    names = ("lot", "into", "container", "hold", "inspection", "code", "reference", "number",
             "material")  # fmt: skip
    found = {f"{line[name]}" for name in names if name in line}
    found |= {line[n] for n in ("demand", "borrower", "next_demand") if line.get(n)}
    found |= {"l2"} & {line.get(n) for n in ("lane", "target", "location", "source")}
    for lot in (line[name] for name in ("lot", "into") if line.get(name)):
        found |= {key[2] for key in m.rows(lot) if key[2]}
        found |= {key[0] for key in m.claims if key[2] == lot}
    return found
