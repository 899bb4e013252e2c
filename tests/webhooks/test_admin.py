"""Webhooks in the admin: set up, watched, put right."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.feed import reading
from integration.models import Delivery, Parcel, Subscription, WebhookSecret
from integration.webhooks import secrets
from inventory.models import AuditEntry
from tests.admin.conftest import SignIn, enter, list_of, page_of
from tests.webhooks.conftest import Hook
from tests.webhooks.receiver import Receiver, answers

__all__ = ["enter"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(enter: SignIn) -> Client:
    return enter("admin")


def step(hook: Hook, name: str) -> str:
    return reverse(f"admin:integration_subscription_{name}", args=[hook.pk])


def actions_of(hook: Hook) -> list[str]:
    rows = AuditEntry.objects.filter(subject_type="integration.subscription", subject_id=hook.pk)
    return [entry.action.removeprefix("webhooks.") for entry in rows.order_by("pk")]


class TestSettingUp:
    def entered(self, url: str, **more: Any) -> dict[str, Any]:
        entered = {"name": "MES", "url": url, "types": "", "contact": "", "begin": "newest"}
        return entered | {"alert_severity": "notice", "alert_level": "1"} | more

    def test_the_secret_is_shown_once_and_kept_nowhere(
        self, administrator: Client, receiver: Receiver
    ) -> None:
        answer = administrator.post(list_of(Subscription, "add"), self.entered(receiver.url))
        secret = answer.context["secret"]
        assert secret in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        row = Subscription.objects.get()
        assert row.owner == administrator.user  # type: ignore[attr-defined]
        assert secrets.valid(row, timezone.now()) == [secret]
        for page in (list_of(Subscription), page_of(row)):
            assert secret not in administrator.get(page).content.decode()
        kept = [*WebhookSecret.objects.values_list("seed", "digest"), *AuditEntry.objects.values()]
        assert secret.removeprefix("whsec_") not in str(kept)

    def test_what_it_is_to_get_is_entered_line_by_line(
        self, administrator: Client, receiver: Receiver, plant: Any
    ) -> None:
        plant.lot(1)
        types = "forestage.movement.*\r\nforestage.hold.placed\r\n\r\nforestage.movement.*"
        entered = self.entered(receiver.url, types=types, sites=[plant.site.pk], begin="oldest")
        administrator.post(list_of(Subscription, "add"), entered)
        row = Subscription.objects.get()
        assert row.types == ["forestage.movement.*", "forestage.hold.placed"]
        assert (list(row.sites.all()), row.position) == ([plant.site], 0)

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"types": "forestage.moo.*"}, "types"),
            ({"url": "https://169.254.169.254/latest"}, "url"),
            ({"url": "http://10.0.0.1/"}, "url"),
            ({"url": "somewhere"}, "url"),
            ({"contact": "nobody"}, "contact"),
        ],
    )
    def test_what_cannot_be_right_is_refused(
        self, administrator: Client, receiver: Receiver, wrong: dict[str, str], field: str
    ) -> None:
        entered = self.entered(receiver.url) | wrong
        answer = administrator.post(list_of(Subscription, "add"), entered)
        assert list(answer.context["adminform"].form.errors) == [field]
        assert not Subscription.objects.exists()

    def test_what_changes_is_recorded_and_its_position_stays(
        self, administrator: Client, hook: Hook, receiver: Receiver
    ) -> None:
        hook.happen()
        hook.beat()
        before = hook.row
        entered = self.entered(receiver.url, name="MES 2", types="forestage.alert.*")
        del entered["begin"]
        assert administrator.post(page_of(before), entered).status_code == 302
        entry = AuditEntry.objects.get(action="webhooks.change")
        assert entry.changes == {
            "name": ["MES", "MES 2"],
            "types": [[], ["forestage.alert.*"]],
            "contact": ["mes@example.com", ""],
        }
        assert hook.row.position == before.position > 0


class TestWhatCanBeDone:
    def test_a_test_event_is_sent_to_whoever_is_there(
        self, administrator: Client, hook: Hook, receiver: Receiver
    ) -> None:
        """Also to one that is disabled; and it says in the log what became of it."""
        assert administrator.post(step(hook, "disable"), {"reason": "not yet"}).status_code == 302
        hook.happen()
        assert administrator.get(step(hook, "test")).status_code == 200
        administrator.post(step(hook, "test"))
        hook.beat()
        [event] = receiver.taken
        assert event["type"] == "forestage.webhook.test"
        assert Delivery.objects.get().status == 204
        assert actions_of(hook) == ["subscribe", "disable", "send_test"]
        assert "204" in administrator.get(page_of(hook.row)).content.decode()
        assert administrator.get(list_of(Parcel)).context["cl"].result_count == 0

    def test_a_secret_is_rotated_with_an_overlap(
        self, administrator: Client, hook: Hook, receiver: Receiver
    ) -> None:
        answer = administrator.post(step(hook, "rotate"), {"overlap_hours": "2"})
        new = answer.context["secret"]
        assert "no-store" in answer["Cache-Control"]
        for known, hours in ([hook.secret], 0), ([new], 0), ([new], 3):
            hook.wait(hours=hours)
            hook.happen()
            receiver.secrets = known
            hook.beat()
            assert hook.left() == []
        assert [len(sent["webhook-signature"].split()) for sent in receiver.attempts] == (
            [2] * 4 + [1] * 2
        )

    def test_an_event_that_is_in_the_way_is_set_aside(
        self, administrator: Client, hook: Hook, receiver: Receiver
    ) -> None:
        expected = hook.happen()
        receiver.next = [answers(400, b"no such material")]
        hook.beat()
        page = administrator.get(page_of(hook.row)).content.decode()
        assert "no such material" in page
        assert step(hook, "set_aside") in page
        assert administrator.post(step(hook, "set_aside"), {"reason": ""}).status_code == 409
        administrator.post(step(hook, "set_aside"), {"reason": "not theirs"})
        hook.beat()
        assert receiver.ids == expected[1:]
        letter = Parcel.objects.dead().get()
        assert expected[0] in administrator.get(page_of(letter)).content.decode()
        chosen = {"action": "send_again", "_selected_action": [letter.pk]}
        administrator.post(list_of(Parcel), chosen)
        hook.beat()
        assert receiver.ids == [expected[1], expected[0]]
        administrator.post(list_of(Parcel), chosen)
        assert actions_of(hook)[-2:] == ["set_aside", "send_again"]

    def test_nothing_is_set_aside_where_nothing_fails(
        self, administrator: Client, hook: Hook
    ) -> None:
        hook.happen()
        answer = administrator.post(step(hook, "set_aside"), {"reason": "why not"})
        assert "No event was refused" in answer.content.decode()
        assert not Parcel.objects.exists()

    def test_events_are_replayed_from_a_position(
        self, administrator: Client, hook: Hook, receiver: Receiver
    ) -> None:
        begin, expected = hook.row.position, hook.happen(2)
        hook.beat()
        newest = reading.mark_now().newest
        for wrong in (newest + 1, -1, 2**63):
            asked = {"after": wrong, "reason": "lost"}
            assert administrator.post(step(hook, "replay"), asked).status_code == 409
        administrator.post(step(hook, "replay"), {"after": begin + 1, "reason": "lost"})
        hook.beat()
        assert receiver.ids == [*expected, *expected[1:]]
        entry = AuditEntry.objects.get(action="webhooks.replay")
        assert (entry.reason, entry.facts["position"]) == ("lost", [newest, begin + 1])

    def test_it_is_enabled_again_where_it_stopped(
        self, administrator: Client, hook: Hook, receiver: Receiver
    ) -> None:
        expected = hook.happen()
        receiver.next = [answers(410)]
        hook.beat()
        page = administrator.get(page_of(hook.row)).content.decode()
        assert "Nothing is lost" in page
        assert step(hook, "disable") not in page
        administrator.post(step(hook, "enable"), {"resume": "next", "reason": "back"})
        hook.beat()
        assert receiver.ids == expected
        assert actions_of(hook) == ["subscribe", "give_up", "enable"]

    def test_a_copy_of_the_database_sends_nothing(
        self, enter: SignIn, hook: Hook, receiver: Receiver, settings: Any
    ) -> None:
        """Another installation has another secret key, and so no secret of this one."""
        expected = hook.happen()
        settings.SECRET_KEY = "another installation's"
        hook.beat()
        assert (hook.row.ended, receiver.attempts) == ("secret_lost", [])
        administrator = enter("admin")
        assert "FORESTAGE_SECRET_KEY" in administrator.get(page_of(hook.row)).content.decode()
        answer = administrator.post(step(hook, "rotate"), {"overlap_hours": "24"})
        receiver.secrets = [answer.context["secret"]]
        administrator.post(step(hook, "enable"), {"resume": "next", "reason": "moved here"})
        hook.beat()
        assert receiver.ids == expected


class TestWhoMay:
    PAGES = ("test", "try", "set_aside", "enable", "replay", "rotate", "disable")

    @pytest.mark.parametrize("role", ["supervisor", "auditor"])
    def test_some_look_on(self, enter: SignIn, hook: Hook, role: str) -> None:
        hook.happen()
        hook.beat()
        client = enter(role)
        pages = [list_of(model) for model in (Subscription, Delivery, Parcel)]
        pages += [page_of(hook.row), page_of(Delivery.objects.first())]
        assert {client.get(page).status_code for page in pages} == {200}
        page = client.get(page_of(hook.row)).content.decode()
        assert not [name for name in self.PAGES if step(hook, name) in page]
        for name in self.PAGES:
            assert client.post(step(hook, name), {"reason": "x"}).status_code == 403
        assert client.post(page_of(hook.row), {"name": "mine"}).status_code == 403

    def test_others_do_not_even_look(self, enter: SignIn, hook: Hook) -> None:
        assert enter("qa").get(page_of(hook.row)).status_code == 403

    def test_a_page_of_nothing_is_none(self, administrator: Client) -> None:
        url = reverse("admin:integration_subscription_test", args=[2**40])
        assert administrator.get(url).status_code == 404
