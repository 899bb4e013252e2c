"""The dossier as a PDF: a cover, the sections, the checksum on the last page."""

from django.utils.translation import gettext as _

from staging.charts.drawing import Drawing
from staging.dossier import words
from staging.dossier.copies import Copy
from staging.dossier.sections import Block, Facts, Note
from staging.dossier.sheet import BAD, Sheet
from staging.letters import BOLD, INK, PLAIN, QUIET


def pdf(made: Copy) -> bytes:
    """Draw it, whole: six seconds of one processor for ten thousand movements."""
    code, issued = made.lot.code, words.at(made.issued["at"])
    sheet = Sheet(
        title=f"{_('Lot dossier')} {code}",
        head=(f"{_('Lot dossier')} {code}", issued),
        foot=f"{made.issued['product']} {made.issued['version']} · SHA-256 {made.sha256[:16]}…",
        page_of=_("Page %s of"),
    )
    _cover(sheet, made)
    sheet.turn()
    for section in made.sections:
        sheet.heading(f"{section.number}  {section.title}", section.anchor)
        for block in section.blocks:
            _block(sheet, block)
    _checksum(sheet, made, len(made.sections) + 1)
    return sheet.finish()


def _cover(sheet: Sheet, made: Copy) -> None:
    lot, issued = made.content["lot"], made.issued
    sheet.y -= 60
    sheet.text(_("Lot dossier"), size=13, ink=QUIET)
    sheet.text(lot["code"], font=BOLD, size=24)
    sheet.text(lot["material_name"], size=13)
    sheet.text(words.word("status", lot["status"]), font=BOLD, size=13)
    sheet.y -= 24
    identity = made.sections[0].blocks[0]
    if isinstance(identity, Facts):
        sheet.facts(identity.pairs)
    sheet.y -= 12
    sheet.facts(
        [
            (_("Printed by"), words.name(issued)),
            (_("Printed at"), f"{words.at(issued['at'])} ({issued['zone']})"),
            (_("Product"), f"{issued['product']} {issued['version']}"),
            (_("SHA-256 of the content"), made.sha256),
        ]
    )
    sheet.y -= 12
    sheet.text(_("Contents"), font=BOLD, size=10)
    titles = [(section.number, section.title) for section in made.sections]
    for number, title in [*titles, (len(titles) + 1, _("Checksum"))]:
        sheet.text(f"{number}  {title}")


def _block(sheet: Sheet, block: Block) -> None:
    if isinstance(block, Facts):
        sheet.facts(block.pairs)
    elif isinstance(block, Note):
        sheet.text(
            block.text,
            ink=BAD if block.bad else INK,
            font=BOLD if block.bad else PLAIN,
        )
    elif isinstance(block, Drawing):
        sheet.drawing(block)
    else:
        sheet.table(block.headings, block.widths, block.rows, block.numeric)


def _checksum(sheet: Sheet, made: Copy, number: int) -> None:
    sheet.heading(f"{number}  {_('Checksum')}", f"section-{number}")
    sheet.text(made.sha256, font=BOLD, size=9)
    sheet.text(
        _(
            "SHA-256 of the content of this dossier as canonical JSON (keys in order, no blanks, "
            "UTF-8). The electronic copy holds that content under “dossier”; whoever computes its "
            "checksum again finds this one, as long as both copies say the same. The audit trail "
            "has it with the entry of each copy that was given out."
        )
    )
