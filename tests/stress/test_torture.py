"""The torture itself, short: on the database of this run, with everything that can be killed."""

from dataclasses import replace

import pytest

from config.bootstrap import torture as command
from config.torture import runner, summary
from config.torture.stack import Stack


def test_a_short_torture_finds_nothing_and_says_so(
    running_stack: Stack, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One test, so that no second process has to run it again for a summary."""
    run = runner.run(running_stack, seconds=6, seed="short", clients=4, database=database)
    assert run.findings == []
    assert any(entry.acknowledged for entry in run.entries)
    summary.show(run)
    printed = capsys.readouterr().out
    assert f"torture on {database}, 4 clients, 6 s, seed short" in printed
    assert "acknowledged keys" in printed
    assert "ok: 0 findings" in printed
    summary.show(replace(run, findings=["lost: it"]))
    printed = capsys.readouterr().out
    assert "FOUND lost: it" in printed
    assert "FAILED: 1 findings" in printed


def test_deadlocks_in_the_log_are_bad_news() -> None:
    log = "LOG:  ready\nERROR:  deadlock detected\nDETAIL:  Process 1 waits"
    assert runner.bad_news(log) == ["ERROR:  deadlock detected"]


def test_the_command_line() -> None:
    options = command.parse([])
    assert (options.seconds, options.database, options.seed) == (60, "both", None)
    options = command.parse(["--seconds", "5", "--seed", "s", "--database", "sqlite"])
    assert (options.seconds, options.database, options.seed) == (5, "sqlite", "s")
