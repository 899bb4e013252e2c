"""Settings of the test run: the real ones, less what only costs time."""

import os
from pathlib import Path
from urllib.parse import urlsplit

# Each pytest-xdist worker has a Redis database and a data directory of its own, as it has its own
# database. (In the directory, whoever waits for the feed holds one of a few turns.)
if os.environ.get("REDIS_URL"):
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=number).geturl()
if os.environ.get("FORESTAGE_VAR"):
    given, own = Path(os.environ["FORESTAGE_VAR"]), os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    os.environ["FORESTAGE_VAR"] = str(given if given.name == own else given / own)

from config.settings import *  # noqa: F403
from config.settings import CACHES, DATABASES, VAR_DIR

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TOKEN_SECONDS = 0  # a test changes at will who may do what, and asks again at once
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
VAR_DIR.mkdir(parents=True, exist_ok=True)
STATIC_ROOT = str(VAR_DIR / "static")

MIGRATED = os.environ.get("FORESTAGE_TEST_MIGRATED", "")  # a database to copy: file, or name
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, because the live server and threads in tests open connections of their own.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"TEMPLATE": MIGRATED} if MIGRATED else {}
    # More threads at once than a process of the product has, and a machine that stands still for
    # seconds: whoever has to wait here is not to be turned away.
    DATABASES["default"]["OPTIONS"]["pool"] |= {"max_size": 20, "timeout": 60}

if "OPTIONS" in CACHES["default"]:
    CACHES["default"]["OPTIONS"] |= {"socket_connect_timeout": 60, "socket_timeout": 60}
