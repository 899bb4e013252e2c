"""What came of it all, as a table for people."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.bootstrap.terminal import coloured
from config.torture.chaos import Trouble
from config.torture.journal import IN_USE, Attempt, Entry, Outcome

MOST_SHOWN = 40
PATIENCE_SECONDS = 20.0
"""How long an answer may take when nothing is wrong: as long as SQLite waits for its lock."""
BROKEN = (Outcome.UNKNOWN, Outcome.UNAVAILABLE)


@dataclass(kw_only=True)
class Run:
    """A run that has ended."""

    database: str
    seed: str
    processes: int
    seconds: float
    entries: Sequence[Entry]
    troubles: Sequence[Trouble]
    findings: list[str]

    @property
    def attempts(self) -> Iterator[Attempt]:
        for entry in self.entries:
            yield from entry.attempts.values()


def out_of_the_blue(entries: Sequence[Entry], troubles: Sequence[Trouble]) -> Iterator[str]:
    """What went wrong although nothing had been killed: broken connections, long waits."""
    for entry in entries:
        for attempt in entry.attempts.values():
            answer = attempt.answer
            if answer is None or any(found.covers(attempt.answered_at) for found in troubles):
                continue
            name = f"{entry.request.key} ({entry.request.verb})"
            took = attempt.answered_at - attempt.sent_at
            if answer.outcome in BROKEN and answer.code != IN_USE:
                yield f"broke: {name} got {answer.status or answer.code} though all was well"
            elif took > PATIENCE_SECONDS and not any(
                found.covers(attempt.sent_at) for found in troubles
            ):
                yield f"slow: {name} took {took:.1f} seconds though all was well"


def worked_without_broker(entries: Sequence[Entry], troubles: Sequence[Trouble]) -> Iterator[str]:
    """Work goes on while Redis is gone: somebody was acknowledged each time."""
    for trouble in troubles:
        if trouble.kind.startswith("Redis") and not _acknowledged_within(entries, trouble):
            yield f"broker: nothing was acknowledged during “{trouble.kind}”"


def _acknowledged_within(entries: Sequence[Entry], trouble: Trouble) -> int:
    return sum(
        1
        for entry in entries
        for attempt in entry.attempts.values()
        if attempt.answer
        and attempt.answer.outcome == Outcome.ACKNOWLEDGED
        and trouble.began < attempt.sent_at
        and attempt.answered_at < trouble.ended
    )


def show(run: Run) -> None:
    """Print the table."""
    title = f"torture on {run.database}, {run.processes} clients, {run.seconds:.0f} s"
    print(f"\n{title}, seed {run.seed}\n" + "-" * 72)
    for label, value in rows(run):
        print(f"{label:<52}{value:>20}")
    print("-" * 72)
    for found in run.findings[:MOST_SHOWN]:
        print(coloured("FOUND ", "failed") + found)
    if len(run.findings) > MOST_SHOWN:
        print(f"… and {len(run.findings) - MOST_SHOWN} more")
    verdict = coloured("FAILED", "failed") if run.findings else coloured("ok", "ok")
    print(f"{verdict}: {len(run.findings)} findings\n", flush=True)


def rows(run: Run) -> Iterator[tuple[str, str]]:
    """The lines of the table."""
    answers = [attempt.answer for attempt in run.attempts if attempt.answer]
    outcomes = Counter(answer.outcome for answer in answers)
    open_once = [entry for entry in run.entries if _was_open(entry)]
    yield "requests (keys)", f"{len(run.entries)}"
    yield "attempts, repeats included", f"{len(answers)}"
    yield "acknowledged keys", f"{sum(1 for entry in run.entries if entry.acknowledged)}"
    yield "acknowledged attempts", f"{outcomes[Outcome.ACKNOWLEDGED]}"
    yield "  of these replayed", f"{sum(answer.replayed for answer in answers)}"
    yield "refused attempts", f"{outcomes[Outcome.REFUSED]}"
    refused = Counter(found.code for found in answers if found.outcome == Outcome.REFUSED)
    for code, count in refused.most_common():
        yield f"  {code}", f"{count}"
    yield "connection broken", f"{outcomes[Outcome.UNKNOWN]}"
    yield "unavailable (503)", f"{outcomes[Outcome.UNAVAILABLE]}"
    yield "failed (500)", f"{outcomes[Outcome.FAILED]}"
    yield "keys unanswered at first, then resolved", _resolved(open_once)
    by_kind: dict[str, list[Trouble]] = defaultdict(list)
    for trouble in run.troubles:
        by_kind[trouble.kind].append(trouble)
    for kind, troubles in sorted(by_kind.items()):
        longest = max(trouble.recovered for trouble in troubles)
        yield f"{kind}, longest recovery", f"{len(troubles)} times, {longest:5.2f} s"
    gone = [found for found in run.troubles if found.kind.startswith("Redis")]
    if gone:
        done = sum(_acknowledged_within(run.entries, trouble) for trouble in gone)
        seconds = sum(trouble.ended - trouble.began for trouble in gone)
        yield "acknowledged a second without Redis", f"{done / seconds:.0f}"
    total = outcomes[Outcome.ACKNOWLEDGED] / max(run.seconds, 1)
    yield "acknowledged a second, on the whole", f"{total:.0f}"


def _was_open(entry: Entry) -> bool:
    return any(found.outcome in BROKEN for found in entry.answers)


def _resolved(entries: Sequence[Entry]) -> str:
    return f"{len(entries)}, {sum(1 for entry in entries if entry.has_last_word)}"
