"""What `manage.py` does before it imports Django.

`demo` and `test` start on a machine that has Python and nothing else: they make `.venv` from the
pinned lock, continue inside it, and run. They import nothing of Django themselves, so that a
broken settings file breaks the server they watch and not the watching. Any other command needs an
environment that is already there, and borrows `.venv` when it was called with another Python.
"""

import importlib
import importlib.util
from typing import NamedTuple

from config.bootstrap import environment
from config.bootstrap.terminal import SetupError, complain


class Command(NamedTuple):
    """A command of ours: the lock it needs, and the module with its `parse` and `run`."""

    lock: str
    module: str


COMMANDS = {
    "demo": Command(lock="runtime", module="config.bootstrap.demo"),
    "test": Command(lock="test", module="config.bootstrap.suite"),
    "bench": Command(lock="runtime", module="config.bootstrap.bench"),
    "torture": Command(lock="runtime", module="config.bootstrap.torture"),
}


def enter(argv: list[str]) -> None:
    """Run a command of ours and exit; otherwise return to Django in a Python that has it."""
    try:
        if len(argv) > 1 and argv[1] in COMMANDS:
            raise SystemExit(run_command(COMMANDS[argv[1]], argv))
        if importlib.util.find_spec("django") is None:
            environment.borrow(argv)
    except SetupError as trouble:
        complain(trouble)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        complain("Interrupted.")
        raise SystemExit(130) from None


def run_command(command: Command, argv: list[str]) -> int:
    """Parse first, so that --help and typing errors cost no installation."""
    module = importlib.import_module(command.module)
    options = module.parse(argv[2:])
    environment.ensure(command.lock)
    environment.enter(argv)
    exit_code: int = module.run(options)
    return exit_code
