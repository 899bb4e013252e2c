"""A report in lines of text, for the command line."""

from collections.abc import Iterable, Iterator

from integration.imports.report import FileReport, Finding

HEADINGS = ("created", "changed", "unchanged", "skipped", "refused")


def in_lines(reports: Iterable[FileReport]) -> Iterator[str]:
    """Every finding with its file, line and column; then the counts of each file."""
    reports = list(reports)
    for report in reports:
        for finding in report.in_order():
            yield _finding(report.name, finding)
    width = max((len(report.name) for report in reports), default=0)
    yield ""
    yield f"{'':{width}}  {'  '.join(f'{heading:>9}' for heading in HEADINGS)}"
    for report in reports:
        counts = "  ".join(f"{report.counts()[heading]:>9}" for heading in HEADINGS)
        note = "  rolled back" if report.rolled_back else ""
        yield f"{report.name:{width}}  {counts}{note}"


def _finding(name: str, finding: Finding) -> str:
    place = ":".join(str(part) for part in (name, finding.line, finding.column) if part)
    return f"{place}: {finding.level}: {finding.text} [{finding.code}]"
