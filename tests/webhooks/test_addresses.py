"""Where webhooks may go, whatever a name says and whenever it says it."""

import socket
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import checked
from integration.webhooks.addresses import NotAllowed, check_url, is_public, reachable
from integration.webhooks.sending import Line
from inventory.errors import Refused
from tests.webhooks.receiver import Receiver

PUBLIC = "93.184.216.34"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name server: for each name, the answers that it gives, one after the other."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host not in known:
            return real(host, port, *args, **kwargs)
        if not known[host]:
            raise socket.gaierror("no such name")
        answer = known[host].pop(0)
        return [entry for address in answer for entry in real(address, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0",  # noqa: S104
        "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "192.88.99.1",
        "2130706433", "0x7f000001", "0177.0.0.1", "127.1",
        "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]",
        "[3fff::1]", "[2001::1]",
        "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]",
        "[64:ff9b::a00:1]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]",
        "localhost",
    ],
)  # fmt: skip
def test_nothing_of_the_house_is_reached(host: str) -> None:
    url = urlsplit(f"https://{host}/hook")
    with pytest.raises(NotAllowed):
        reachable(url)
    with pytest.raises(Refused) as refused:
        check_url(url.geturl())
    assert (refused.value.code, refused.value.field) == ("webhook_address", "url")


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e"]
)
def test_the_internet_is(address: str) -> None:
    assert is_public(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert reachable(urlsplit(f"https://{host}/hook")) == [address]
    assert check_url(f"https://{host}:8443/hook?a=b") == f"https://{host}:8443/hook?a=b"


def test_mapped_public_addresses_are_public() -> None:
    assert reachable(urlsplit(f"https://[::ffff:{PUBLIC}]/"))
    assert reachable(urlsplit("https://[64:ff9b::808:808]/"))


def test_in_clear_only_within_what_is_allowed(settings: Any) -> None:
    with pytest.raises(NotAllowed):
        reachable(urlsplit(f"http://{PUBLIC}/"))
    settings.WEBHOOK_NETWORKS = [ip_network("10.20.0.0/16")]
    assert reachable(urlsplit("http://10.20.3.4/"))
    assert reachable(urlsplit("http://[::ffff:10.20.3.4]/"))
    with pytest.raises(NotAllowed):
        reachable(urlsplit("http://10.21.3.4/"))


def test_a_name_is_judged_by_all_that_it_stands_for(names: dict[str, list[list[str]]]) -> None:
    names["both.test"] = [[PUBLIC, "10.0.0.1"]]
    with pytest.raises(NotAllowed, match=r"10\.0\.0\.1"):
        reachable(urlsplit("https://both.test/"))


def test_a_name_that_is_not_known_yet_may_be_entered(names: dict[str, list[list[str]]]) -> None:
    names["later.test"] = []
    assert check_url("https://later.test/hook") == "https://later.test/hook"


def test_what_the_name_says_a_moment_later_does_not_count(
    names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: looked at once, and connected to what was looked at."""
    names["rebound.test"] = [[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]]
    tried: list[str] = []

    def connect(address: tuple[str, int], **_: Any) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    with Line("https://rebound.test/hook") as line:
        assert line.post(b"{}", {}).error == "refused"
        assert tried == [PUBLIC]
        assert "127.0.0.1 is not a public address" in line.post(b"{}", {}).error
    assert tried == [PUBLIC]


def test_a_name_that_turns_private_is_not_connected_to(
    names: dict[str, list[list[str]]], receiver: Receiver, settings: Any
) -> None:
    """Accepted when it was set up, and looked at again for each connection."""
    settings.WEBHOOK_NETWORKS = []
    port = urlsplit(receiver.url).port
    names["turns.test"] = [[PUBLIC], ["127.0.0.1"]]
    url = check_url(f"https://turns.test:{port}/hook")
    with Line(url) as line:
        assert "not a public address" in line.post(b"{}", {}).error
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "ftp://example.com/", "file:///etc/passwd", "https://", "https:///path",
        "https://example.com:0/", "https://example.com:99999/", "https://exa mple.com/",
        "https://example.com/\r\nHost: other", "https://[::1/", "https://münchen.example/",
        "https://user:word@example.com/", "https://@example.com/", "https://example.com/#part",
        "https://" + "a" * 600 + ".example/",
    ],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(Refused) as refused:
        check_url(url)
    assert refused.value.code == "webhook_url"


def test_the_networks_that_are_allowed_are_checked_at_the_start() -> None:
    found = checked.networks(["10.0.0.0/8", "fd00::/8", "127.0.0.1"], "HERE")
    assert [str(network) for network in found] == ["10.0.0.0/8", "fd00::/8", "127.0.0.1/32"]
    with pytest.raises(ImproperlyConfigured):
        checked.networks(["10.0.0.1/8"], "HERE")
