"""Wall screens: a link that works once, a token that reaches its boards and nothing else."""

import csv
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from inventory.errors import Refused
from inventory.models import AuditEntry, Lot
from staging import displays
from staging.models import Display
from staging.models.displays import OPENS_FOR
from staging.views.wall import COOKIE
from tests.admin.conftest import SignIn, enter, list_of, page_of
from tests.core.refusal import refused
from tests.factories import UserFactory
from tests.plant import Plant

__all__ = ["enter"]
pytestmark = pytest.mark.usefixtures("nothing_shared")

WALLS = ("/wall/", "/wall/due/")


def issue(plant: Plant, **kwargs: Any) -> tuple[Display, str]:
    values = {"name": "Hall 2", "sites": [plant.site], "areas": [], "expires_at": None} | kwargs
    return displays.issue_display(**values, by=plant.operator, at=plant.now)


def screen(plant: Plant, **kwargs: Any) -> Client:
    """A screen whose link has been opened."""
    _display, secret = issue(plant, **kwargs)
    client = Client()
    assert client.post(f"/wall/open/{secret}/").status_code == 302
    return client


def shown(client: Client, path: str) -> str:
    return str(client.get(path).content.decode())


# --- its life -----------------------------------------------------------------------------------


def test_the_link_works_once_and_is_worth_nothing_afterwards(plant: Plant) -> None:
    display, secret = issue(plant)
    first, second = Client(), Client()
    assert first.get(f"/wall/open/{secret}/").status_code == 200
    assert first.get("/wall/").status_code == 403  # looking is not opening
    answer = first.post(f"/wall/open/{secret}/", {"board": "due"})
    assert (answer.status_code, answer["Location"]) == (302, "/wall/due/")
    cookie = answer.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/wall/", True, "Lax")
    assert int(cookie["max-age"]) > 365 * 24 * 3600
    assert secret not in (cookie.value, answer["Location"])
    for path in WALLS:
        assert first.get(path).status_code == 200
    assert first.get(f"/wall/open/{secret}/")["Location"] == "/wall/"
    for send in (second.get, second.post):
        assert send(f"/wall/open/{secret}/").status_code == 410
    second.cookies[COOKIE] = secret
    assert second.get("/wall/").status_code == 403
    display.refresh_from_db()
    assert display.opened_at


def test_only_digests_are_kept(plant: Plant) -> None:
    display, secret = issue(plant)
    client = Client()
    client.post(f"/wall/open/{secret}/")
    own = client.cookies[COOKIE].value
    display.refresh_from_db()
    kept = " ".join(str(value) for value in vars(display).values())
    told = " ".join(f"{entry.facts} {entry.changes}" for entry in AuditEntry.objects.all())
    for text in (secret, own):
        assert text not in kept + told


def test_every_step_is_audited(plant: Plant) -> None:
    display, secret = issue(plant, areas=[plant.l1])
    Client().post(f"/wall/open/{secret}/")
    for _twice in range(2):
        displays.revoke_display(display=display, by=plant.operator, at=plant.now)
    trail = AuditEntry.objects.filter(subject_type="staging.display").order_by("pk")
    acts = [entry.action.removeprefix("people.") for entry in trail]
    assert acts == ["issue_display", "open_display", "revoke_display"]
    assert trail[0].facts["areas"] == [plant.l1.code]
    assert trail[1].actor.username == "system"


def test_a_link_that_nobody_opened_goes_stale(plant: Plant) -> None:
    display, secret = issue(plant)
    Display.objects.filter(pk=display.pk).update(created_at=plant.now - OPENS_FOR)
    assert Client().get(f"/wall/open/{secret}/").status_code == 410
    with pytest.raises(Refused) as caught:
        displays.open_display(secret=secret, by=plant.operator, at=plant.now)
    assert caught.value.code == "link_used"


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_an_ended_screen_shows_nothing_more(plant: Plant, column: str) -> None:
    client = screen(plant)
    seen = re.search(r'data-seen="([^"]+)"', shown(client, "/wall/"))
    assert seen
    Display.objects.update(**{column: plant.now})
    for path in WALLS:
        assert client.get(path).status_code == 403
        assert client.get(path, headers={"Board-Seen": seen[1]}).status_code == 403


@pytest.mark.parametrize(
    ("values", "code"),
    [({"sites": []}, "nothing_to_show"), ({"expires_at": "past"}, "display_expired")],
)
def test_what_makes_no_sense_is_refused(plant: Plant, values: dict[str, Any], code: str) -> None:
    if "expires_at" in values:
        values = {"expires_at": plant.now - timedelta(hours=1)}
    with pytest.raises(Refused) as caught:
        issue(plant, **values)
    assert caught.value.code == code
    assert not Display.objects.exists()


# --- what it reaches ----------------------------------------------------------------------------


def test_a_screen_shows_its_own_site_only(plant: Plant) -> None:
    other = Plant()
    for place in (plant, other):
        lot = place.lot(5)
        place.stage(place.order((lot.material, 5), reference=f"ORDER-{place.site}"), lot)
    client = screen(plant)
    for path in WALLS:
        text = shown(client, path)
        assert f"ORDER-{plant.site}" in text
        assert str(other.site) not in text
    for asked in (f"?site={other.site}", f"?area={other.wc}", "?q=ORDER", f"?after={other.l1}"):
        for path in WALLS:
            assert str(other.site) not in shown(client, path + asked).replace(asked, ""), asked


def test_a_screen_of_an_area_shows_what_it_serves(plant: Plant) -> None:
    area = plant._place("HALL")
    lane = plant._place("INNER", parent=area, kind="staging", purpose="kitting")
    lot = plant.lot(20)
    here = plant.order((lot.material, 5), reference="HERE")
    plant.stage(here, lot, lane)
    plant.stage(plant.order((lot.material, 5), reference="THERE"), lot, plant.l1)
    plant.hold(location=plant.l1)
    client = screen(plant, sites=[], areas=[area])
    text = shown(client, "/wall/")
    assert lane.code in text
    assert plant.l1.code not in text
    assert 'data-mark="0/0/0/' in text  # what is blocked elsewhere is not counted
    due = shown(client, "/wall/due/")
    assert "HERE" in due
    assert "THERE" not in due


def test_counts_are_of_all_that_it_watches(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("staging.board.LANES", 1)
    held, late, old = plant.lot(5), plant.lot(5), plant.lot(5)
    for number, lot in enumerate((held, late, old)):
        needed = plant.now + timedelta(hours=-1 if lot is late else 5)
        lane = (plant.l1, plant.l2, plant.buf)[number]
        plant.stage(plant.order((lot.material, 5), needed_at=needed), lot, lane)
    plant.hold(lot=held)
    old.commitments.update(due_at=plant.now - timedelta(minutes=1))
    context = screen(plant).get("/wall/").context
    assert len(context["lanes"]) == 1
    assert context["next"]
    counts = context["trouble"]
    assert (counts.blocked, counts.stale, counts.overdue) == (1, 1, 1)


def test_an_unchanged_screen_costs_two_statements(plant: Plant) -> None:
    client = screen(plant)
    for path in WALLS:
        seen = re.search(r'data-seen="([^"]+)"', shown(client, path))
        assert seen
        with CaptureQueriesContext(connection) as caught:
            assert client.get(path, headers={"Board-Seen": seen[1]}).status_code == 204
        assert len(caught) == 2


def test_a_screen_is_in_the_time_zone_of_its_site(plant: Plant) -> None:
    plant.site.time_zone = "Asia/Tokyo"
    plant.site.save()
    assert 'data-zone="Asia/Tokyo"' in shown(screen(plant), "/wall/")
    assert 'data-zone="Asia/Tokyo"' in shown(screen(plant, sites=[], areas=[plant.l1]), "/wall/")
    plant.site.time_zone = "Nowhere/Land"
    plant.site.save()
    assert 'data-zone="UTC"' in shown(screen(plant), "/wall/")


SAMPLES = {"pk": "1", "id": "1", "reference": "REF", "code": "CODE", "object_id": "1"}


def addresses(patterns: Any, prefix: str = "/") -> Iterator[str]:
    """Every address of the product, with something filled in for what varies."""
    for pattern in patterns:
        here = prefix + _filled(pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern):
            yield here


def _filled(pattern: Any) -> str:
    text = str(pattern.pattern).lstrip("^").removesuffix("$").removesuffix("\\Z")
    text = re.sub(r"<(?:(\w+):)?(\w+)>", lambda m: "1" if m[1] == "int" else _sample(m[2]), text)
    return re.sub(r"\(\?P<(\w+)>[^)]*\)|\(.*?\)", lambda m: _sample(m[1] or ""), text)


def _sample(name: str) -> str:
    return SAMPLES.get(name, "x")


def test_the_token_reaches_nothing_else(plant: Plant) -> None:
    """At every address of the product a screen is a stranger, whichever way it shows its token."""
    lot = plant.lot(5)
    plant.stage(plant.order((lot.material, 5)), lot)
    client, stranger = screen(plant), Client()
    own = client.cookies[COOKIE].value
    paths = sorted(set(addresses(get_resolver().url_patterns)))
    beyond = [path for path in paths if not path.startswith("/wall/")]
    assert len(beyond) > 150
    for path in beyond:
        known = stranger.get(path)
        answer = client.get(path, headers={"Authorization": f"Token {own}"})
        if known.status_code == 200:  # health, sign-in, the description of the API
            assert answer.status_code in (200, 401), path
            continue
        assert answer.status_code in {known.status_code, 401}, path
        assert answer.get("Location") == known.get("Location"), path
        if not path.startswith("/admin/"):
            assert client.post(path).status_code == stranger.post(path).status_code, path


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_screen_only_reads(plant: Plant, method: str) -> None:
    client = screen(plant)
    for path in WALLS:
        assert getattr(client, method)(path).status_code == 405


def test_nobody_sees_a_wall_without_a_screen(plant: Plant, client: Client) -> None:
    client.force_login(plant.operator.user)
    for path in WALLS:
        assert client.get(path).status_code == 403
    for wrong in ("", "x", "\x00", "é"):
        client.cookies[COOKIE] = wrong
        assert client.get("/wall/").status_code == 403


# --- the admin ----------------------------------------------------------------------------------

MAY = {"supervisor": (200, 200), "admin": (200, 200), "auditor": (200, 403), "qa": (403, 403),
       "operator": (403, 403), "integrator": (403, 403)}  # fmt: skip


@pytest.mark.parametrize("role", MAY)
def test_who_lists_and_who_makes(enter: SignIn, role: str) -> None:
    client = enter(role)
    lists, makes = MAY[role]
    assert client.get(list_of(Display), follow=True).status_code == lists
    assert client.get(list_of(Display, "add"), follow=True).status_code == makes


def test_it_is_made_and_its_link_shown_once(enter: SignIn, plant: Plant) -> None:
    client = enter("supervisor")
    data = {"name": "Hall 2", "sites": [plant.site.pk], "areas": [plant.l1.pk],
            "expires_at_0": "", "expires_at_1": ""}  # fmt: skip
    answer = client.post(list_of(Display, "add"), data)
    link = answer.context["secret"]
    assert "no-store" in answer["Cache-Control"]
    path = link.removeprefix("http://testserver")
    secret = path.split("/")[-2]
    assert path == reverse("staging:wall_open", args=[secret])
    display = Display.objects.get()
    assert (list(display.sites.all()), list(display.areas.all())) == ([plant.site], [plant.l1])
    for url in (list_of(Display), page_of(display)):
        text = client.get(url).content.decode()
        assert secret not in text
        assert display.digest not in text
    assert Client().post(path).status_code == 302


def test_it_is_revoked_by_who_may(enter: SignIn, plant: Plant) -> None:
    wall = screen(plant)
    display = Display.objects.get()
    data = {"action": "revoke", "_selected_action": [display.pk]}
    enter("auditor").post(list_of(Display), data)
    assert wall.get("/wall/").status_code == 200
    enter("supervisor").post(list_of(Display), data)
    assert wall.get("/wall/").status_code == 403


def test_a_screen_without_anything_to_show_is_not_made(enter: SignIn) -> None:
    data = {"name": "Hall 2", "expires_at_0": "", "expires_at_1": ""}
    answer = enter("supervisor").post(list_of(Display, "add"), data)
    assert "The screen would show nothing." in answer.content.decode()
    assert not Display.objects.exists()


# --- whose day it is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "hour", "days", "expired"),
    [("Pacific/Auckland", 20, 0, False), ("Pacific/Honolulu", 4, -1, True)],
    ids=["tomorrow there", "yesterday there"],
)
def test_boards_call_expired_what_the_gate_does_whatever_day_it_is_at_the_site(
    plant: Plant, zone: str, hour: int, days: int, *, expired: bool
) -> None:
    plant.site.time_zone = zone
    plant.site.save()
    tomorrow = plant.now.replace(hour=hour) + timedelta(days=1)
    with time_machine.travel(tomorrow):
        lot = plant.lot(20)
        order = plant.order((lot.material, 15), reference="PO-1")
        plant.stage(order, lot, quantity=10)
        Lot.objects.update(expires_on=timezone.localdate() + timedelta(days=days))
        if expired:
            with refused("lot_expired"):
                plant.stage(order, lot, quantity=5)
        floor = Client()
        floor.force_login(UserFactory(role="supervisor"))
        site = f"?site={plant.site.code}"
        areas = floor.get(f"/{site}").context["areas"]
        lanes = {lane.location: lane for area in areas for lane in area["lanes"]}
        assert lanes[plant.l1].blocked == (1 if expired else 0)
        file = floor.get(f"/ready/{site}&download=csv")
        [row] = csv.DictReader(b"".join(file.streaming_content).decode().splitlines())  # type: ignore[attr-defined]
        assert row["Blocked"] == ("true" if expired else "false")
        wall = screen(plant)
        for path in WALLS:
            assert ("expired" in shown(wall, path).casefold()) == expired, path
        if not expired:
            plant.stage(order, lot, quantity=5)
