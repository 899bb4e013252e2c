"""Where a webhook may go: to public addresses, and to what the deployer has named.

A name is resolved once, all that it resolves to is looked at, and the connection is made to what
was looked at. So no answer that the name server gives a moment later counts.
"""

import socket
from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused

Address = IPv4Address | IPv6Address

PORTS = {"https": 443, "http": 80}
LONGEST = 500

UNICAST = ip_network("2000::/3")
"""Of IPv6, all that is public lies in here."""

NOT_PUBLIC = [
    ip_network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays, given up (RFC 7526)
        "2001::/23",  # protocol assignments (RFC 2928), Teredo with it
        "2001:db8::/32", "3fff::/20",  # documentation (RFC 3849, RFC 9637)
    )
]  # fmt: skip
"""What older Pythons take for public, or what stands for another address."""

TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("2002::/16"))
"""NAT64 (RFC 6052) has an IPv4 address in its last 32 bits, 6to4 (RFC 3056) after its first 16."""


class NotAllowed(OSError):  # noqa: N818 - what happened, as `Refused`
    """The address is none to which a webhook may go."""


class Checked(str):
    """An address that was looked at, and is not looked at again."""

    __slots__ = ()


def check_url(url: str) -> Checked:
    """The address of a receiver, as it will be asked for.

    Refuses `webhook_url` where it is none, `webhook_address` where it leads to what is not public
    and not allowed by the installation. A name that does not resolve yet may be entered.
    """
    if isinstance(url, Checked):
        return url
    parts = _parts(url.strip())
    try:
        reachable(parts)
    except NotAllowed as refusal:
        raise _refused_address(str(refusal)) from None
    except OSError:
        pass  # the receiver may come later than we hear of it; each attempt looks again
    return Checked(parts.geturl())


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        good = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
        (parts.hostname or "").encode("idna")
    except ValueError:  # UnicodeError too
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST:
        raise Refused(
            _("This is no address that events can be sent to."),
            code="webhook_url",
            field="url",
            hint=_("Write it as https://host/path, a name of other letters in Punycode."),
        )
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Refused(
            _("The address must hold neither a user, a password nor a fragment (#)."),
            code="webhook_url",
            field="url",
            hint=_("The signature is what the receiver knows us by."),
        )
    return parts


def _refused_address(said: str) -> Refused:
    return Refused(
        _("Events are not sent there: %(said)s."),
        code="webhook_address",
        field="url",
        hint=_(
            "Choose a public address over https, or have the network allowed "
            "(FORESTAGE_WEBHOOK_NETWORKS)."
        ),
        said=said,
    )


def reachable(parts: SplitResult) -> list[str]:
    """The addresses behind a URL, to be connected to as they stand.

    Raises NotAllowed where one of them is none for webhooks, OSError where the name is unknown.
    """
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label too long for the name system
        raise OSError(str(error)) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        _allow(address, parts.scheme)
    return addresses


def _allow(text: str, scheme: str) -> None:
    address = _plain(ip_address(text))
    if any(address in network for network in settings.WEBHOOK_NETWORKS):
        return
    if not is_public(address):
        raise NotAllowed(_("%(address)s is not a public address") % {"address": text})
    if scheme != "https":
        raise NotAllowed(_("over the internet, https alone will do"))


def is_public(address: Address) -> bool:
    """Whether anybody in the internet could be meant, and nobody of this house."""
    if any(address in network for network in NOT_PUBLIC):
        return False
    if isinstance(address, IPv6Address) and address not in UNICAST:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _plain(address: Address) -> Address:
    """The address that is meant: IPv4 may be written as IPv6 in more ways than one."""
    for meant in _within(address):
        return meant
    return address


def _within(address: Address) -> Iterator[IPv4Address]:
    if not isinstance(address, IPv6Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    for network in TRANSLATED:
        if isinstance(network, IPv6Network) and address in network:
            yield IPv4Address(int(address) >> (80 if network.prefixlen == 16 else 0) & 0xFFFFFFFF)
