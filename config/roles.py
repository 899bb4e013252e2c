"""Who may do what: the roles every installation starts with, as groups.

A role is a group of Django permissions; change them in the admin. Reading is `view_…`, doing is
the verb's own permission.
"""

from typing import Any

from django.apps import apps as registry
from django.contrib.auth.management import create_permissions

VIEW_STOCK = (
    "view_site view_location view_unit view_material view_materialunit view_lot view_lotlink "
    "view_container view_balance view_movement view_hold view_inspection view_inspectionresult "
    "view_inspectionplan view_plancharacteristic view_dueinspection view_disposition "
    "view_attachment "
    "view_decision view_proposal view_signature view_restricteduse view_ruleset view_usagerule "
    "view_shelfliferule "
    "view_demand view_requirement view_commitment view_alert view_alertstep view_alertrule "
    "view_pulltask view_unstagetask "
    "view_dwellset view_dwellpolicy view_sitecalendar view_shift view_specialday "
    "view_seal view_labelsize view_ssccseries view_externalid view_inbounddemand "
    "choose_notices"
)
SEND = "put_material put_location put_lot send_demand"
CALENDARS = "put_calendar put_special_day"
HANDLE = (
    "receive put_away move adjust sample new_container pack unpack move_container reverse "
    "allocate deallocate stage assign unstage transfer issue consume produce return_remainder "
    "load unload ship place_hold attach_file number_container print_labels "
    "acknowledge snooze wake assign_alert"
)
PLAN = "create_demand change_demand cancel_demand complete_demand borrow scrap send_back"
DECIDE = (
    "place_hold lift_hold record_inspection release restrict reject reopen close_lot "
    "countersign withdraw_proposal split_lot merge_lots sample scrap send_back move "
    "activate_rules activate_dwell acknowledge snooze snooze_critical wake assign_alert "
    "dispose_inspection approve_plan attach_file print_labels"
)
MASTER = (
    "add_site change_site add_location change_location add_material change_material "
    "add_shelfliferule change_shelfliferule "
    "add_materialunit change_materialunit delete_materialunit add_unit change_unit "
    "add_labelsize change_labelsize add_ssccseries change_ssccseries "
    "add_externalid change_externalid "
    "add_sitecalendar change_sitecalendar add_shift change_shift delete_shift "
    "add_specialday change_specialday "
    f"{CALENDARS}"
)
DWELL = (
    "add_dwellset change_dwellset add_dwellpolicy change_dwellpolicy delete_dwellpolicy draft_dwell"
)
ALERT_RULES = "add_alertrule change_alertrule"
RULES = (
    "add_ruleset change_ruleset add_usagerule change_usagerule delete_usagerule "
    "add_inspectionplan change_inspectionplan add_shelfliferule change_shelfliferule "
    "add_plancharacteristic change_plancharacteristic delete_plancharacteristic"
)

VIEW_WEBHOOKS = "view_subscription view_delivery view_parcel"

REPORTS = "add_reportchoice change_reportchoice view_reportchoice view_reportmail send_report"
VIEW_NOTICES = "view_noticerule view_noticemail"
NOTICES = f"{VIEW_NOTICES} add_noticerule change_noticerule change_noticemail"

VIEW_CAPTURES = "view_capturejob view_capturedevent"

ROLES: dict[str, str] = {
    "operator": f"use_floor {VIEW_STOCK} {HANDLE} answer_operator",
    "supervisor": f"use_floor {VIEW_STOCK} {HANDLE} {PLAN} {MASTER} {DWELL} {ALERT_RULES} "
    "split_lot merge_lots snooze_critical answer_supervisor "
    "view_auditentry view_refusedattempt view_numbers add_display change_display view_display "
    f"{REPORTS} "
    f"{VIEW_WEBHOOKS} {VIEW_CAPTURES} {NOTICES}",
    "qa": f"use_floor {VIEW_STOCK} {DECIDE} {RULES} {DWELL} {ALERT_RULES} view_auditentry "
    f"view_refusedattempt view_numbers answer_qa {VIEW_NOTICES}",
    "auditor": f"use_floor {VIEW_STOCK} view_auditentry view_refusedattempt export_audit "
    "view_numbers view_user view_group view_apiclient view_apitoken view_display "
    "view_reportchoice view_reportmail "
    f"{VIEW_WEBHOOKS} {VIEW_CAPTURES} {VIEW_NOTICES}",
    "integrator": f"{VIEW_STOCK} {HANDLE} {PLAN} {SEND} {CALENDARS} draft_dwell "
    f"view_numbers {VIEW_WEBHOOKS} "
    f"add_subscription change_subscription capture_epcis {VIEW_CAPTURES}",
}
"""Permissions by role. `use_floor` opens the browser pages, which an integrator has no use for."""

IN_ADMIN = ("supervisor", "qa", "auditor")
"""Roles whose members work in the admin as well (`is_staff`)."""


def install(apps: Any, app_configs: Any = ()) -> None:
    """Make the groups, or bring them to the state above. Other groups are left alone."""
    for app_config in app_configs:
        # Permissions normally appear after all migrations; a stub's None would skip them.
        app_config.models_module = True
        create_permissions(app_config, apps=apps, verbosity=0)
        app_config.models_module = None
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    by_name: dict[str, list[int]] = {}
    for pk, codename in permission.objects.values_list("pk", "codename"):
        by_name.setdefault(codename, []).append(pk)
    for role, names in ROLES.items():
        missing = set(names.split()) - set(by_name)
        # An early migration knows the permissions of its time only; the last one gives the rest.
        if missing and apps is registry:
            raise LookupError(f"{role}: no such permission: {', '.join(sorted(missing))}")
    group.objects.bulk_create([group(name=role) for role in ROLES], ignore_conflicts=True)
    roles = dict(group.objects.filter(name__in=ROLES).values_list("name", "pk"))
    wanted = {
        (roles[role], pk)
        for role, names in ROLES.items()
        for name in names.split()
        for pk in by_name.get(name, ())
    }
    _give(group.permissions.through, set(roles.values()), wanted)


def _give(link: Any, groups: set[int], wanted: set[tuple[int, int]]) -> None:
    """Have these groups exactly the permissions that are wanted, by pairs of both."""
    held = {
        (group, permission): pk
        for pk, group, permission in link.objects.filter(group__in=groups).values_list(
            "pk", "group_id", "permission_id"
        )
    }
    link.objects.filter(pk__in=[held[pair] for pair in held.keys() - wanted]).delete()
    link.objects.bulk_create(
        [link(group_id=group, permission_id=pk) for group, pk in sorted(wanted - held.keys())]
    )
