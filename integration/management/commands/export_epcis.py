"""`manage.py export_epcis [PARAMETER=VALUE …] [--to FILE]`: events as an EPCISDocument."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.http import QueryDict
from django.utils import timezone

from integration.epcis import asking, documents
from integration.epcis.identifiers import Format, Names
from integration.epcis.problems import Unanswerable
from inventory import audit
from inventory.models import Surface


class Command(BaseCommand):
    help = (
        "Writes what happened as an EPCISDocument. Select by the parameters of the EPCIS query, "
        "such as EQ_bizStep=shipping or GE_recordTime=2026-06-01T00:00:00Z."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("parameters", nargs="*", metavar="PARAMETER=VALUE")
        parser.add_argument("--to", metavar="FILE", help="Where to; to standard output if left.")
        parser.add_argument("--urns", action="store_true", help="EPC URNs where they can be told.")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = QueryDict(mutable=True)
        for parameter in options["parameters"]:
            name, _equals, value = parameter.partition("=")
            asked.appendlist(name, value)
        try:
            query = asking.read(asked)
        except Unanswerable as error:
            [found] = error.errors
            raise CommandError(f"{found['field']}: {found['detail']}") from error
        names = Names.of(Format.URNS if options["urns"] else Format.LINKS)
        by, now = audit.system(Surface.COMMAND), timezone.now()
        _name, content = documents.export(query, names, asked, by=by, at=now)
        if not options["to"]:
            for chunk in content:
                sys.stdout.buffer.write(chunk)
            return
        with Path(options["to"]).open("wb") as file:
            file.writelines(content)
