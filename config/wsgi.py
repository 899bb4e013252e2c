"""WSGI entry point: `gunicorn config.wsgi`."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# What is loaded by now stays: keep the collector from looking through it again and again, and let
# it look less often. docs/performance.md says what that bought.
gc.collect()
gc.freeze()
gc.set_threshold(100_000, 20, 20)
