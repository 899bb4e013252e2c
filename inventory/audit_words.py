"""What the audit trail's action names mean, as people read them."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from inventory import verbs

WORDS: dict[str, StrPromise] = {
    "inventory.receive": _("Received material"),
    "inventory.put_away": _("Put stock away"),
    "inventory.move": _("Moved stock"),
    "inventory.adjust": _("Counted stock"),
    "inventory.sample": _("Took a sample"),
    "inventory.scrap": _("Scrapped stock"),
    "inventory.return": _("Sent stock back to its supplier"),
    "inventory.split_lot": _("Split a lot"),
    "inventory.merge_lots": _("Merged lots"),
    "inventory.new_container": _("Registered containers"),
    "inventory.number_container": _("Gave a container its SSCC"),
    "inventory.pack": _("Packed stock into a container"),
    "inventory.unpack": _("Unpacked stock from a container"),
    "inventory.move_container": _("Moved a container"),
    "inventory.reverse": _("Reversed movements"),
    "quality.place_hold": _("Placed a hold"),
    "quality.lift_hold": _("Lifted a hold"),
    "quality.record_inspection": _("Recorded inspection results"),
    "quality.dispose_inspection": _("Decided on a failed inspection"),
    "quality.attach_file": _("Attached a file"),
    "quality.draft_plan": _("Drafted an inspection plan"),
    "quality.approve_plan": _("Put an inspection plan into force"),
    "quality.withdraw_plan": _("Withdrew an inspection plan"),
    "quality.release": _("Released a lot"),
    "quality.restrict": _("Restricted a lot to named demands"),
    "quality.reject": _("Rejected a lot"),
    "quality.reopen": _("Put a lot back into quarantine"),
    "quality.close": _("Closed a lot"),
    "quality.propose": _("Proposed a decision, signed first"),
    "quality.withdraw_proposal": _("Withdrew a proposed decision"),
    "quality.draft_rules": _("Drafted usage rules"),
    "quality.activate_rules": _("Put usage rules into force"),
    "staging.draft_dwell": _("Drafted dwell policies"),
    "staging.activate_dwell": _("Put dwell policies into force"),
    "staging.create_demand": _("Created a demand"),
    "staging.change_demand": _("Changed a demand"),
    "staging.cancel_demand": _("Cancelled a demand"),
    "staging.complete_demand": _("Completed a demand"),
    "staging.allocate": _("Reserved stock for a demand"),
    "staging.deallocate": _("Gave a reservation up"),
    "staging.stage": _("Staged stock for a demand"),
    "staging.assign": _("Assigned stock in a lane to a demand"),
    "staging.unstage": _("Took staged stock back"),
    "staging.transfer": _("Moved staged stock to another lane"),
    "staging.borrow": _("Let another demand take staged stock"),
    "staging.issue": _("Issued stock to the work centre"),
    "staging.consume": _("Consumed stock"),
    "staging.produce": _("Produced a lot"),
    "staging.return_remainder": _("Returned what was left over"),
    "staging.load": _("Loaded a vehicle"),
    "staging.unload": _("Unloaded a vehicle"),
    "staging.ship": _("Shipped to the customer"),
    "staging.reverse": _("Reversed movements of a demand"),
    "staging.acknowledge": _("Acknowledged an alert"),
    "staging.snooze": _("Snoozed an alert"),
    "staging.wake": _("Woke an alert"),
    "staging.assign_alert": _("Assigned an alert"),
    "staging.break_reservation": _("A hold took reserved stock away"),
    "staging.sweep": _("The clock raised or closed alerts"),
    "clock.run_now": _("Had a periodic task run at once"),
    "master.create": _("Set up master data"),
    "master.change": _("Changed master data"),
    "master.remove": _("Removed master data"),
    "import.file": _("Imported a file"),
    "refused": _("Was refused"),
    "people.sign_in": _("Signed in"),
    "people.sign_out": _("Signed out"),
    "people.sign_in_failed": _("Failed to sign in"),
    "people.create": _("Set up an account or role"),
    "people.change": _("Changed an account, role or permission"),
    "people.password": _("Changed a password"),
    "people.lock": _("Was locked after failed attempts"),
    "people.unlock": _("Unlocked an account"),
    "people.second_factor": _("Set up a second factor"),
    "people.reset_second_factor": _("Reset a second factor"),
    "people.service_account": _("Said whether a program is behind an account"),
    "people.acknowledge_signature": _("Accepted that the electronic signature binds"),
    "people.language": _("Chose a language"),
    "import.epcis": _("Captured events of a partner (EPCIS)"),
    "people.issue_token": _("Issued an API token"),
    "people.revoke_token": _("Revoked an API token"),
    "webhooks.subscribe": _("Set up a webhook"),
    "webhooks.change": _("Changed a webhook"),
    "webhooks.rotate_secret": _("Gave a webhook a new secret"),
    "webhooks.show_secret": _("Was shown a webhook's secret again"),
    "webhooks.disable": _("Disabled a webhook"),
    "webhooks.enable": _("Enabled a webhook"),
    "webhooks.give_up": _("A webhook was given up"),
    "webhooks.try_now": _("Had a webhook tried at once"),
    "webhooks.set_aside": _("Set an event aside that a receiver did not take"),
    "webhooks.replay": _("Had events sent again"),
    "webhooks.send_again": _("Had a dead letter sent again"),
    "webhooks.send_test": _("Sent a test event"),
    "notices.choose": _("Chose how to be notified"),
    "notices.try_again": _("Had e-mails tried again"),
    "people.rotate_token": _("Rotated an API token"),
    "people.create_client": _("Set up an API client"),
    "people.change_client": _("Changed an API client"),
    "people.client_sign_in": _("Gave a client an access token"),
    "people.client_refused": _("Refused a client"),
    "staging.print_labels": _("Printed labels"),
    "people.issue_display": _("Set up a wall screen"),
    "people.open_display": _("Opened a wall screen's link"),
    "people.revoke_display": _("Revoked a wall screen"),
    "staging.choose_report": _("Chose who gets the weekly report"),
    "staging.send_report_again": _("Had a weekly report sent again"),
    "staging.dossier": _("Gave out a lot's dossier"),
    "audit.export": _("Started an export of the records"),
    "audit.exported": _("Finished an export of the records"),
    "seals.verified": _("Verified the records against their seals"),
}
"""Every action that the product records. A test finds those that are missing."""

GROUPS: tuple[tuple[StrPromise, str], ...] = (
    (_("Stock"), "inventory."),
    (_("Quality"), "quality."),
    (_("Staging"), "staging."),
    (_("Master data"), "master."),
    (_("People"), "people."),
    (_("Exports"), "audit."),
    (_("Seals"), "seals."),
    (_("Imports"), "import."),
    (_("Webhooks"), "webhooks."),
    (_("Notifications"), "notices."),
    (_("Periodic tasks"), "clock."),
    (_("Refusals"), "refused"),
)


def in_words(action: str) -> str:
    """The action as people read it; its name where nobody has put it into words."""
    return str(WORDS.get(action, action))


def choices() -> Iterable[tuple[StrPromise, list[tuple[str, StrPromise]]]]:
    """The actions by what they concern, for a list to choose from."""
    for label, prefix in GROUPS:
        yield label, [(name, words) for name, words in WORDS.items() if name.startswith(prefix)]


def verb_label(permission: str) -> str:
    """What people call the verb, or other act, of a permission such as `staging.stage`."""
    verb = verbs.REGISTRY.get(permission.rpartition(".")[2])
    return str(verb.label) if verb else in_words(permission)
