"""Headers of static files. A worker goes by its own Content-Security-Policy, not by the page's."""

import re
from collections.abc import MutableMapping

WORKER = re.compile(r"/js/camera-worker(\.[0-9a-f]+)?\.js$")
POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
"""The one place where WebAssembly is compiled: the decoder of the camera's pictures. Pages never
may, so that a script smuggled into one gains nothing by it."""


def add(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """Called by WhiteNoise for each file it serves."""
    if WORKER.search(url):
        headers["Content-Security-Policy"] = POLICY
