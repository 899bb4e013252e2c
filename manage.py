#!/usr/bin/env python3
"""Django's command-line utility, which also brings up a bare machine.

`manage.py demo` and `manage.py test` install what they need first; every other command is Django's.
"""

import os
import sys


def main() -> None:
    """Run administrative tasks."""
    if sys.version_info < (3, 11):  # noqa: UP036 - any Python may be the one that is called
        raise SystemExit("Forestage needs Python 3.11 or newer; this is " + sys.version.split()[0])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    from config import bootstrap

    bootstrap.enter(sys.argv)

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
