"""Dwell policies and calendars by program: into drafts, whole or not at all, by two people."""

from datetime import date, timedelta
from itertools import product
from typing import Any

from inventory import sites
from inventory.models import AuditEntry, Location, RefusedAttempt
from staging import actions as staging
from staging.models import DwellPolicy, DwellSet, Shift, SiteCalendar, SpecialDay
from tests.core.refusal import refused
from tests.dwell.conftest import HOUR, Policies
from tests.factories import UserFactory
from tests.plant import Plant

SOON: dict[str, Any] = {"note": "Soon", "critical_after": "02:00:00"}


def sent(*policies: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"policies": list(policies), "reason": "Agreed"} | more


def codes(answer: Any) -> list[tuple[str | None, str]]:
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


class TestDrafts:
    def test_a_new_one_starts_with_what_is_in_force_or_with_nothing(
        self, plant: Plant, in_force: Policies, api_as: Any
    ) -> None:
        before = in_force({"note": "Line", "lane": plant.l1, "critical_after": 3})
        api = api_as("integrator")
        for starts, notes in (("in_force", ["Line", "Soon"]), ("empty", ["Soon"])):
            answer = api.do("draft_dwell", sent(SOON, starts=starts))
            assert answer.status_code == 200, answer.json()
            [told] = answer.json()["objects"]
            assert told["facts"] == {
                "draft_made": True, "created": 1, "changed": 0, "removed": 0, "unchanged": 0,
            }  # fmt: skip
            shown = api.read(f"dwell-sets/{told['id']}/").json()
            assert ([policy["note"] for policy in shown["policies"]], shown["is_draft"]) == (
                notes, True,
            )  # fmt: skip
        assert [row.pk for row in DwellSet.objects.in_force()] == [before.pk]
        assert DwellPolicy.objects.filter(dwell_set=before).count() == 1

    def test_policies_are_known_by_what_they_speak_of_and_from_when(
        self, plant: Plant, api_as: Any
    ) -> None:
        api = api_as("supervisor")
        line = {"note": "Line", "lane": plant.l1.code, "warn_after": "1 00:00:00"}
        [draft] = api.do("draft_dwell", sent(line, SOON)).json()["objects"]
        longer = line | {"warn_after": "2 00:00:00"}
        again = sent(longer, SOON, draft=draft["id"])
        assert api.do("draft_dwell", again).json()["objects"][0]["facts"] == {
            "draft_made": False, "created": 0, "changed": 1, "removed": 0, "unchanged": 1,
        }  # fmt: skip
        [entry] = AuditEntry.objects.filter(action="master.change")
        assert entry.reason == "Agreed"
        assert list(entry.changes) == ["warn_after"]
        alone = api.do("draft_dwell", sent(longer, draft=draft["id"], whole=True))
        assert alone.json()["objects"][0]["facts"]["removed"] == 1
        [left] = DwellPolicy.objects.all()
        assert (left.lane, left.warn_after) == (plant.l1, timedelta(days=2))

    def test_what_is_in_force_already_makes_no_draft(
        self, plant: Plant, in_force: Policies, api_as: Any
    ) -> None:
        in_force({"note": "Soon", "critical_after": 2})
        api = api_as("integrator")
        for starts in ("in_force", "empty"):
            [told] = api.do("draft_dwell", sent(SOON, starts=starts)).json()["objects"]
            assert (told["facts"]["draft_made"], told["facts"]["unchanged"]) == (False, 1)
        assert DwellSet.objects.count() == 1

    def test_what_is_wrong_is_named_and_nothing_is_left(self, plant: Plant, api_as: Any) -> None:
        api = api_as("integrator")
        wrong = SOON | {"material": plant.material().code, "warn_after": "03:00:00"}
        late = SOON | {"lane": plant.a1.code}
        answer = api.do("draft_dwell", sent(SOON, wrong, late))
        assert (answer.status_code, codes(answer)) == (
            400, [("policies.1", "invalid"), ("policies.2.lane", "invalid")],
        )  # fmt: skip
        read = api.do("draft_dwell", sent(SOON | {"warn_after": "02:00", "lane": "X"}))
        assert codes(read) == [("policies.0.warn_after", "not_a_span")]
        assert not DwellSet.objects.exists()
        assert not AuditEntry.objects.filter(action="staging.draft_dwell").exists()

    def test_a_dry_run_leaves_nothing_and_a_key_has_one_effect(
        self, plant: Plant, api_as: Any
    ) -> None:
        api = api_as("integrator")
        path, body = "/api/v1/draft-dwell/", sent(SOON)
        dry = api.post(f"{path}?dry_run=true", body, format="json")
        assert dry.json()["objects"][0]["facts"]["created"] == 1
        assert not DwellSet.objects.exists()
        key = {"Idempotency-Key": "k-1"}
        first, again = (api.do("draft_dwell", body, **key) for _n in range(2))
        assert first.json() == again.json()
        assert again.headers["Idempotency-Replayed"] == "true"
        assert DwellSet.objects.count() == 1

    def test_a_draft_is_filled_as_it_was_read(self, plant: Plant, api_as: Any) -> None:
        api = api_as("integrator")
        [draft] = api.do("draft_dwell", sent(SOON)).json()["objects"]
        tag = api.read(f"dwell-sets/{draft['id']}/").headers["ETag"]
        more = sent({"note": "All", "site": plant.site.code}, draft=draft["id"])
        assert api.do("draft_dwell", more, **{"If-Match": tag}).status_code == 200
        stale = api.do("draft_dwell", more, **{"If-Match": tag})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
        made_up = api.do("draft_dwell", sent(SOON), **{"If-Match": tag})
        assert made_up.status_code == 412

    def test_a_client_that_agreed_to_says_what_it_has_read(
        self, plant: Plant, api_as: Any, agreed: Any
    ) -> None:
        api = api_as("integrator")
        agreed(match_required=True)
        answer = api.do("draft_dwell", sent(SOON))  # there is nothing yet to be read
        assert answer.status_code == 200
        [draft] = answer.json()["objects"]
        more = api.do("draft_dwell", sent(SOON, draft=draft["id"]))
        assert more.status_code == 428

    def test_only_a_draft_that_there_is(
        self, plant: Plant, in_force: Policies, api_as: Any
    ) -> None:
        api = api_as("integrator")
        kept = in_force({"note": "Soon", "critical_after": 3})
        for version, code in ((99, "draft_unknown"), (2**40, "draft_unknown"),
                              (kept.pk, "rules_active")):  # fmt: skip
            answer = api.do("draft_dwell", sent(SOON, draft=version))
            assert (answer.status_code, codes(answer)) == (409, [("draft", code)])
        assert DwellPolicy.objects.get().critical_after == 3 * HOUR

    def test_a_token_for_some_sites_writes_none(self, plant: Plant, api_as: Any) -> None:
        person = UserFactory(role="integrator")
        sites.limit(person, frozenset({plant.site.pk}))
        answer = api_as(person).do("draft_dwell", sent(SOON | {"site": plant.site.code}))
        assert (answer.status_code, answer.json()["code"]) == (403, "site_not_in_scope")


SPANS = ((None, None), (None, 10), (10, None), (5, 14), (15, 20), (21, 25))


def test_two_on_the_same_are_refused_just_where_a_day_has_both(plant: Plant) -> None:
    """Every two spans, against every day of the month, one by one."""

    def on(day: int, span: Any) -> bool:
        return (span[0] or 1) <= day <= (span[1] or 31)

    def policy(span: Any, name: str, lane: Location) -> staging.PolicyLine:
        since, until = (day and date(2026, 5, day) for day in span)
        return staging.PolicyLine(note=name, lane=lane, valid_from=since, valid_until=until)

    def write(*policies: staging.PolicyLine) -> None:
        line = staging.DwellDraft(policies=policies, reason="Agreed")
        plant.do(staging.write_dwell, line)

    for one, other in product(SPANS, SPANS):
        first, drafts = policy(one, "one", plant.l1), DwellSet.objects.count()
        if any(on(day, one) and on(day, other) for day in range(1, 32)):
            with refused("rules_overlap") as found:
                write(first, policy(other, "other", plant.l1))
            assert found.value.field == "policies.1"
            assert DwellSet.objects.count() == drafts
        else:
            write(first, policy(other, "other", plant.l1))
        write(first, policy(other, "other", plant.l2))


class TestIntoForce:
    def test_somebody_else_does_it(self, plant: Plant, api_as: Any) -> None:
        writer, reader = UserFactory(role="qa"), UserFactory(role="qa")
        [draft] = api_as(writer).do("draft_dwell", sent(SOON)).json()["objects"]
        line = {"draft": draft["id"], "reason": "Read it"}
        own = api_as(writer).do("activate_dwell", line)
        assert (own.status_code, own.json()["code"]) == (409, "own_draft")
        kept = RefusedAttempt.objects.get()
        assert (kept.verb, kept.code) == ("staging.activate_dwell", "own_draft")
        assert api_as("integrator").do("activate_dwell", line).status_code == 403
        api = api_as(reader)
        tag = api.read(f"dwell-sets/{draft['id']}/").headers["ETag"]
        api_as(writer).do("draft_dwell", sent(SOON | {"counted": "working"}, draft=draft["id"]))
        assert api.do("activate_dwell", line, **{"If-Match": tag}).status_code == 412
        assert api.do("activate_dwell", line).status_code == 200
        shown = api.read(f"dwell-sets/{draft['id']}/").json()
        assert (shown["in_force"], shown["activated_by"]) == (True, reader.username)
        again = api.do("activate_dwell", line)
        assert (again.status_code, codes(again)) == (409, [("draft", "rules_active")])


EARLY = {"name": "Early", "days": "12345", "starts": "06:00", "ends": "14:00",
         "breaks": "09:00-09:15"}  # fmt: skip
NIGHT = {"name": "Night", "days": "15", "starts": "22:00", "ends": "06:00", "breaks": ""}


class TestCalendars:
    def line(self, plant: Plant, *shifts: dict[str, str], **more: Any) -> dict[str, Any]:
        return {
            "site": plant.site.code, "valid_from": "2026-01-05", "shifts": list(shifts),
            "reason": "New rota",
        } | more  # fmt: skip

    def test_it_is_put_whole_and_only_what_differs_is_recorded(
        self, plant: Plant, api_as: Any
    ) -> None:
        api = api_as("integrator")
        made = api.do("put_calendar", self.line(plant, EARLY, NIGHT, note="Two shifts"))
        assert made.json()["objects"][0]["facts"] == {"created": True, "changed": False}
        before = AuditEntry.objects.count()
        same = api.do("put_calendar", self.line(plant, NIGHT, EARLY))
        assert same.json()["objects"][0]["facts"] == {"created": False, "changed": False}
        assert AuditEntry.objects.count() == before
        [row] = api.read("site-calendars/").json()["results"]
        assert (row["note"], row["shifts"]) == ("Two shifts", [EARLY, NIGHT])
        shorter = EARLY | {"ends": "13:00"}
        changed = api.do("put_calendar", self.line(plant, shorter))
        assert changed.json()["objects"][0]["facts"] == {"created": False, "changed": True}
        assert [f"{shift.ends:%H:%M}" for shift in Shift.objects.all()] == ["13:00"]
        recorded = AuditEntry.objects.order_by("-pk")[:2]
        assert {(entry.action, entry.reason) for entry in recorded} == {
            ("master.change", "New rota"), ("master.remove", "New rota"),
        }  # fmt: skip

    def test_what_is_wrong_leaves_the_calendar_as_it_was(self, plant: Plant, api_as: Any) -> None:
        api = api_as("integrator")
        api.do("put_calendar", self.line(plant, EARLY))
        for wrong, found in (
            ({"breaks": "noon"}, ("shifts.1.breaks", "bad_break")),
            ({"days": "89"}, ("shifts.1.days", "bad_days")),
            ({"starts": "6"}, ("shifts.1.starts", "invalid")),
        ):
            answer = api.do("put_calendar", self.line(plant, EARLY | {"ends": "12:00"},
                                                      NIGHT | wrong))  # fmt: skip
            assert (answer.status_code, codes(answer)) == (400, [found])
        assert f"{Shift.objects.get().ends:%H:%M}" == "14:00"

    def test_it_is_changed_as_it_was_read(self, plant: Plant, api_as: Any) -> None:
        api = api_as("integrator")
        missing = api.do("put_calendar", self.line(plant, EARLY), **{"If-Match": '"x"'})
        assert missing.status_code == 412
        [made] = api.do("put_calendar", self.line(plant, EARLY)).json()["objects"]
        tag = api.read(f"site-calendars/{made['id']}/").headers["ETag"]
        assert api.do("put_calendar", self.line(plant), **{"If-Match": tag}).status_code == 200
        assert api.do("put_calendar", self.line(plant), **{"If-Match": tag}).status_code == 412
        assert not SiteCalendar.objects.get().shifts.exists()

    def test_special_days_of_a_year(self, plant: Plant, api_as: Any) -> None:
        api = api_as("supervisor")
        days = [
            {"site": plant.site.code, "day": "2026-12-25", "name": "Feast", "reason": "2026"},
            {"site": plant.site.code, "day": "2026-12-19", "name": "Extra", "reason": "2026",
             "works_like": 5},
        ]  # fmt: skip
        for facts in ({"created": True, "changed": False}, {"created": False, "changed": False}):
            answer = api.do("put_special_day", {"lines": days})
            assert [one["facts"] for one in answer.json()["objects"]] == [facts] * 2
        [extra, feast] = SpecialDay.objects.order_by("day")
        assert (extra.works_like, feast.works_like) == (5, None)
        bad = api.do("put_special_day", days[0] | {"works_like": 8})
        assert (bad.status_code, codes(bad)) == (400, [("works_like", "invalid_choice")])
        listed = api.read("special-days/", day_from="2026-12-20").json()["results"]
        assert [row["name"] for row in listed] == ["Feast"]

    def test_a_token_for_some_sites_keeps_theirs(self, plant: Plant, api_as: Any) -> None:
        own, other = plant, Plant()
        person = UserFactory(role="integrator")
        sites.limit(person, frozenset({own.site.pk}))
        api = api_as(person)
        day = {"day": "2026-12-25", "name": "Feast", "reason": "2026"}
        for at, status in ((own, 200), (other, 403)):
            assert api.do("put_calendar", self.line(at, EARLY)).status_code == status
            line = day | {"site": at.site.code}
            assert api.do("put_special_day", line).status_code == status
        SpecialDay.objects.create(site=other.site, day="2026-01-01", name="Theirs")
        assert [row["name"] for row in api.read("special-days/").json()["results"]] == ["Feast"]
