"""What a reader of the feed asks for."""

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from integration.feed.reading import Filters, matching
from integration.feed.waiting import LONGEST
from inventory import sites
from inventory.api.terms import refuse_parameters
from inventory.models import Lot, Site
from staging.models import AlertLevel, AlertReason, Severity

NEWEST = "newest"
MOST = 500


def _several(help_text: str) -> serializers.CharField:
    return serializers.CharField(required=False, max_length=4000, help_text=help_text)


def parts(text: str) -> tuple[str, ...]:
    """Texts that commas separate."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def alert_severity() -> serializers.ChoiceField:
    """The same for who follows the feed and for who has it sent."""
    return serializers.ChoiceField(
        choices=Severity.choices, default=Severity.NOTICE.value,
        help_text="Of alerts, those at least so grave when it happened. `notice`: all.",
    )  # fmt: skip


def alert_level() -> serializers.ChoiceField:
    return serializers.ChoiceField(
        choices=AlertLevel.choices, default=AlertLevel.OPERATOR.value,
        help_text="Of alerts, those that had come at least so far when it happened: 1 operator "
        "(all), 2 supervisor, 3 QA.",
    )  # fmt: skip


_REASON = serializers.ChoiceField(choices=AlertReason.choices)


class FeedQuery(serializers.Serializer[Any]):
    """Where to go on, how much, how long to wait, and for what."""

    after = serializers.RegexField(
        rf"^(\d{{1,19}}|{NEWEST})$", required=False,
        help_text="The cursor of the answer before. Left out: all that is kept, from the oldest. "
        f"`{NEWEST}`: from now on.",
    )  # fmt: skip
    page_size = serializers.IntegerField(
        required=False, default=100, min_value=1, max_value=MOST, help_text="Events in an answer."
    )
    wait = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=LONGEST,
        help_text="Seconds to wait for something to happen, if there is nothing yet.",
    )  # fmt: skip
    type = _several(
        help_text="Types, separated by commas: `forestage.hold.placed`, `forestage.movement.*`."
    )
    site = _several(
        help_text="Codes of sites. What belongs to none, as a decision on a lot, comes with each."
    )
    demand = _several(help_text="References of demands; those that are yet to come as well.")
    lot = _several(help_text="Codes of lots.")
    alert_severity = alert_severity()
    alert_level = alert_level()
    alert_reasons = _several(
        help_text="Of alerts, those for these reasons: `lot_rejected,lot_expired`. All that is not "
        "about alerts comes as it would without any of these three."
    )

    def validate_type(self, text: str) -> tuple[str, ...]:
        _refuse_unknown([one for one in parts(text) if not matching(one)], "unknown_type")
        return parts(text)

    def validate_site(self, text: str) -> tuple[str, ...]:
        return _known(Site, text, self.context["user"])

    def validate_demand(self, text: str) -> tuple[str, ...]:
        return parts(text)

    def validate_lot(self, text: str) -> tuple[str, ...]:
        return _known(Lot, text, self.context["user"])

    def validate_alert_reasons(self, text: str) -> tuple[str, ...]:
        return tuple(_REASON.run_validation(part) for part in parts(text))


def _known(kind: type[Site | Lot], text: str, user: Any) -> tuple[str, ...]:
    rows = sites.within(kind._default_manager.filter(code__in=parts(text)), user)
    known = set(rows.values_list("code", flat=True))
    _refuse_unknown([code for code in parts(text) if code not in known], "unknown_code")
    return parts(text)


def _refuse_unknown(unknown: Collection[str], code: str) -> None:
    """Who follows the feed for something that is misspelt would wait for ever."""
    if unknown:
        text = _("There is no %(unknown)s.") % {"unknown": ", ".join(unknown)}
        raise ValidationError([ErrorDetail(text, code)])


class Asked:
    """A query that was read. Raises ValidationError for what is not one."""

    def __init__(self, request: Request) -> None:
        query = FeedQuery(data=request.query_params, context={"user": request.user})
        refuse_parameters(request, query.fields)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        self.after: str | None = given.get("after")
        self.most: int = given["page_size"]
        self.wait: int = given["wait"]
        self.where = Filters(
            types=given.get("type", ()),
            sites=given.get("site", ()),
            demands=given.get("demand", ()),
            lots=given.get("lot", ()),
            limit=sites.limit_of(request.user),
            alert_severity=given["alert_severity"],
            alert_level=given["alert_level"],
            alert_reasons=given.get("alert_reasons", ()),
        )
        self._refuse_in_vain()

    def _refuse_in_vain(self) -> None:
        if in_vain := self.where.in_vain():
            text = _("No event of alerts is among the types that are asked for.")
            raise ValidationError({in_vain[0]: [ErrorDetail(text, "without_alerts")]})
