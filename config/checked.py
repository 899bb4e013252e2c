"""Settings that would otherwise fail much later, when somebody needs them."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.core.exceptions import ImproperlyConfigured

from inventory.check_digits import is_checked

SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{32,86}={0,2}")


def seal_urls(urls: Sequence[str], secret: str, *, production: bool) -> list[str]:
    """Where seals are posted to; over TLS in production, and signed in any case."""
    schemes = ("https://",) if production else ("https://", "http://")
    if not all(url.startswith(schemes) for url in urls):
        raise ImproperlyConfigured("FORESTAGE_SEAL_URLS: seals are posted to https:// only.")
    if urls and not SECRET.fullmatch(secret):
        raise ImproperlyConfigured(
            "Set FORESTAGE_SEAL_SECRET to whsec_ and 24 to 64 random bytes in Base64."
        )
    return list(urls)


def networks(texts: Sequence[str], variable: str) -> list[IPv4Network | IPv6Network]:
    """Networks by their first address and length, `10.20.0.0/16`, or single addresses."""
    try:
        return [ip_network(text) for text in texts]
    except ValueError as error:
        raise ImproperlyConfigured(f"{variable}: {error}") from None


def gln(text: str) -> str:
    """The company's GLN, or none."""
    if text and not (len(text) == 13 and is_checked(text)):
        raise ImproperlyConfigured("FORESTAGE_EPCIS_GLN: 13 digits, the last a check digit.")
    return text
