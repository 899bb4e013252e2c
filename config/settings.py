"""All settings, from environment variables. docs/deploy.md lists them.

With none set, the embedded default runs: SQLite and Celery's filesystem broker in `var/`,
for a demo on one machine. `FORESTAGE_ENV=production` refuses to start on a default secret.
"""

from pathlib import Path

import django_stubs_ext
import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from config import checked, static_headers
from inventory.background import CLOCK, LONGEST_SECONDS, QUEUES

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

PRODUCTION = env.str("FORESTAGE_ENV", default="embedded") == "production"
DEBUG = env.bool("FORESTAGE_DEBUG", default=False)
VAR_DIR = Path(env.str("FORESTAGE_VAR", default=str(BASE_DIR / "var")))

SECRET_KEY = env.str("FORESTAGE_SECRET_KEY", default="")
if not SECRET_KEY:
    if PRODUCTION:
        raise ImproperlyConfigured("Set FORESTAGE_SECRET_KEY to a long random text.")
    SECRET_KEY = "embedded-demo-only-" + "x" * 40  # the demo writes a random one to its environment

ALLOWED_HOSTS = env.list("FORESTAGE_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("FORESTAGE_ORIGINS", default=[])

INSTALLED_APPS = [
    "config.apps.ForestageConfig",
    "inventory",
    "quality",
    "staging",
    "integration",
    "config.apps.ForestageAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # FORM_RENDERER finds its templates through the apps
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.languages.PersonalLanguage",
    "config.sessions.AttendedSessions",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "integration.contract.headers.ApiHeaders",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["inventory.templatetags.components"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database -----------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR}/forestage.sqlite3")}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    Path(str(_database["NAME"])).parent.mkdir(parents=True, exist_ok=True)
    _database["OPTIONS"] = {
        # IMMEDIATE takes the write lock at BEGIN; without it WAL loses updates to "locked".
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
        ),
    }
else:
    pool_size = env.int("FORESTAGE_DB_POOL", default=8)
    _database["CONN_MAX_AGE"] = 0  # the pool keeps connections, not Django
    _database["OPTIONS"] = {}
    _database["ENGINE"] = "config.postgresql"  # Django's own, with plans that are kept
    if pool_size:
        _database["OPTIONS"]["pool"] = {
            "min_size": 1, "max_size": pool_size,
            "timeout": 2,  # less than a probe of /health/ready waits for its answer
            # Longer attempts wait longer and longer in between, and sleep past the recovery.
            "reconnect_timeout": 2,
        }  # fmt: skip
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People -------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["config.permissions.PermissionsBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_COOKIE_AGE = env.int("FORESTAGE_SESSION_SECONDS", default=12 * 3600)
IDLE_SECONDS = env.int("FORESTAGE_IDLE_SECONDS", default=30 * 60)
LOCKOUT_FAILURES = env.int("FORESTAGE_LOCKOUT_FAILURES", default=5)
LOCKOUT_ADDRESS_FACTOR = 10  # an address, which many share, is locked at so many times as many
# Zero minutes: an administrator alone unlocks.
LOCKOUT_MINUTES = env.int("FORESTAGE_LOCKOUT_MINUTES", default=0 if PRODUCTION else 15)
SIGN_IN_NEEDS_SECOND_FACTOR = env.bool("FORESTAGE_SIGN_IN_SECOND_FACTOR", default=False)
# How long a process goes by what it has read of an API token: a revoked one works that long.
TOKEN_SECONDS = env.float("FORESTAGE_TOKEN_SECONDS", default=1.0)
# How long an access token lives that a client gets for its secret.
ACCESS_TOKEN_SECONDS = env.int("FORESTAGE_ACCESS_TOKEN_SECONDS", default=900)
SIGNING_NEEDS_SECOND_FACTOR = env.bool("FORESTAGE_SECOND_FACTOR", default=False)
SIGNING_NEEDS_REVIEW = env.bool("FORESTAGE_REVIEW", default=False)

# --- Security -----------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = env.bool("FORESTAGE_HTTPS", default=PRODUCTION)
# Probes come from inside, without the proxy's HTTPS.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT
SECURE_HSTS_SECONDS = env.int("FORESTAGE_HSTS_SECONDS", default=31536000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
if env.bool("FORESTAGE_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],  # the camera's decoder
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Files --------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.str("FORESTAGE_STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_ADD_HEADERS_FUNCTION = static_headers.add
MEDIA_ROOT = env.str("FORESTAGE_MEDIA", default=str(VAR_DIR / "media"))
FILE_UPLOAD_PERMISSIONS = 0o600
EXPORT_ROWS = env.int("FORESTAGE_EXPORT_ROWS", default=100_000)
EXPORT_SECONDS = env.int("FORESTAGE_EXPORT_SECONDS", default=600)
ATTACHMENT_BYTES = env.int("FORESTAGE_ATTACHMENT_BYTES", default=10_000_000)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Language and time --------------------------------------------------------------------------
# What the product writes into its own records is in this language, whoever caused it.
LANGUAGE_CODE = env.str("FORESTAGE_LANGUAGE", default="en")
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("fr", "Français")]
if LANGUAGE_CODE not in dict(LANGUAGES):
    raise ImproperlyConfigured("FORESTAGE_LANGUAGE: choose one of " + ", ".join(dict(LANGUAGES)))
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = env.str("FORESTAGE_TIME_ZONE", default="UTC")
USE_I18N = USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]

# --- API ----------------------------------------------------------------------------------------
API_CLIENT_SETTINGS = "integration.access.settings_of"
API_KEY_REQUIRED = env.bool("FORESTAGE_API_KEY_REQUIRED", default=False)
API_MATCH_REQUIRED = env.bool("FORESTAGE_API_MATCH_REQUIRED", default=False)
API_REQUESTS_PER_MINUTE = env.int("FORESTAGE_API_REQUESTS_PER_MINUTE", default=0)  # 0: no limit
# How long at least the answer to a request can be had again under its Idempotency-Key.
IDEMPOTENCY_DAYS = env.int("FORESTAGE_IDEMPOTENCY_DAYS", default=30)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "integration.access.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["inventory.api.permissions.HasVerbOrViewPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["integration.contract.rates.ClientRate"],
    "DEFAULT_RENDERER_CLASSES": ["inventory.api.renderers.FastJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["inventory.api.parsers.ExactJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "inventory.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.OrderingFilter",
    ],
    "DEFAULT_SCHEMA_CLASS": "inventory.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "inventory.api.problems.problem_response",
    "DEFAULT_VERSIONING_CLASS": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "LIST_SERIALIZER_ERRORS_AS_DICT": True,
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Forestage API",
    "DESCRIPTION": "Staged inventory under quality control, with a complete audit trail.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "integration.openapi.finishing.finish",
    ],
    "ENUM_NAME_OVERRIDES": {
        "LocationKind": "inventory.models.LocationKind",
        "MaterialKind": "inventory.models.MaterialKind",
        "MovementKind": "inventory.models.MovementKind",
        "Condition": "inventory.models.Condition",
        "LotStatus": "inventory.models.LotStatus",
        "Purpose": "inventory.models.Purpose",
        "InspectionKind": "quality.models.InspectionKind",
        "CharacteristicKind": "quality.models.CharacteristicKind",
        "DecisionKind": "quality.models.DecisionKind",
        "DemandKind": "staging.models.DemandKind",
        "DemandState": "staging.models.DemandState",
        "AlertReason": "staging.models.AlertReason",
        "SeverityEnum": "staging.models.Severity",
        "LevelEnum": "staging.models.AlertLevel",
        "AlertStepKind": "staging.models.AlertStepKind",
        "NoticeHandling": "integration.models.Handling",
        "Work": "staging.worklists.works.Work",
        "DeliveryOutcome": "integration.models.Outcome",
        "OutcomeEnum": "quality.models.inspections.Outcome",
    },
}

# --- Change feed --------------------------------------------------------------------------------
FEED_SOURCE = env.str("FORESTAGE_FEED_SOURCE", default="forestage")
FEED_DAYS = env.int("FORESTAGE_FEED_DAYS", default=90)
FEED_SECONDS = env.int("FORESTAGE_FEED_SECONDS", default=10)
FEED_WAITERS = env.int("FORESTAGE_FEED_WAITERS", default=4)  # on each host, whatever it runs

# --- EPCIS --------------------------------------------------------------------------------------
# Event IDs and the names of what has no GS1 key are made of it: set it once, and never change it.
EPCIS_URI = env.str("FORESTAGE_EPCIS_URI", default="https://forestage.invalid/epcis").rstrip("/")
EPCIS_GLN = checked.gln(env.str("FORESTAGE_EPCIS_GLN", default=""))
EPCIS_CAPTURE_EVENTS = env.int("FORESTAGE_EPCIS_CAPTURE_EVENTS", default=1000)
EPCIS_CAPTURE_BYTES = env.int("FORESTAGE_EPCIS_CAPTURE_BYTES", default=2_500_000)
# A document of more events than this is left to Celery.
EPCIS_CAPTURE_AT_ONCE = env.int("FORESTAGE_EPCIS_CAPTURE_AT_ONCE", default=100)

# --- Celery -------------------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="")
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost//"
if not REDIS_URL:
    _queue = VAR_DIR / "queue"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
        "store_processed": False,
        "polling_interval": 0.1,
    }
CELERY_TIMEZONE = TIME_ZONE  # in which "at night" is meant
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # a task whose process was killed is delivered again
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A worker takes them all unless it is told otherwise; each task says where it belongs.
CELERY_TASK_QUEUES = [Queue(name) for name in QUEUES]
CELERY_TASK_DEFAULT_QUEUE = CLOCK
CELERY_TASK_ROUTES = ["inventory.background.route"]
CELERY_TASK_CREATE_MISSING_QUEUES = False  # a name mistyped is an error, and no queue for nobody
CELERY_TASK_TIME_LIMIT = LONGEST_SECONDS
CELERY_BEAT_SCHEDULER = "config.clock.beat:Scheduler"
STOP_SECONDS = env.int("FORESTAGE_STOP_SECONDS", default=30)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # however long the broker is gone
if REDIS_URL:
    # What a whole killed worker held is delivered again once no task could still be at it.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": LONGEST_SECONDS + 60}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
METRICS_TOKEN = env.str("FORESTAGE_METRICS_TOKEN", default="")
METRICS_NETWORKS = checked.networks(
    env.list("FORESTAGE_METRICS_NETWORKS", default=[]), "FORESTAGE_METRICS_NETWORKS"
)
SEAL_SECONDS = env.int("FORESTAGE_SEAL_SECONDS", default=60)
NUMBERS_DAYS = env.int("FORESTAGE_NUMBERS_DAYS", default=800)
SWEEP_SECONDS = env.int("FORESTAGE_SWEEP_SECONDS", default=60)
CELERY_BEAT_SCHEDULE = {
    "flag-stale": {"task": "staging.tasks.flag_stale", "schedule": SWEEP_SECONDS},
    "raise-due-retests": {"task": "quality.tasks.raise_due_retests", "schedule": 3600},
    "number-events": {"task": "integration.tasks.number_events", "schedule": FEED_SECONDS},
    "forget-events": {
        "task": "integration.tasks.forget_events",
        "schedule": crontab(hour="2", minute="30"),
    },
    "seal-records": {"task": "inventory.tasks.seal_records", "schedule": SEAL_SECONDS},
    "publish-seals": {"task": "inventory.tasks.publish_seals", "schedule": SEAL_SECONDS},
    "capture-waiting": {
        "task": "integration.epcis.capture.tasks.capture_waiting",
        "schedule": SWEEP_SECONDS,
    },
    "forget-keys": {"task": "inventory.tasks.forget_keys", "schedule": 3600},
    "flag-missed": {
        "task": "staging.tasks.flag_missed",
        "schedule": crontab(hour="3", minute="0"),
    },
    "forget-runs": {"task": "config.tasks.forget_runs", "schedule": crontab(hour="4", minute="0")},
    # Days are over at other hours in other zones.
    "send-reports": {"task": "staging.tasks.send_reports", "schedule": 300},
    "count-days": {"task": "staging.tasks.count_days", "schedule": crontab(minute="12")},
}

# --- Seals and mail -------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("FORESTAGE_EMAIL_FROM", default="forestage@localhost")
# Where people find the product, for links in mail; without it, mail has none.
PUBLIC_URL = env.str("FORESTAGE_URL", default="").rstrip("/")
REPORT_HOUR = env.int("FORESTAGE_REPORT_HOUR", default=6)  # on Mondays
SEAL_EMAILS = env.list("FORESTAGE_SEAL_EMAILS", default=[])
SEAL_EMAIL_HOURS = env.int("FORESTAGE_SEAL_EMAIL_HOURS", default=24)
SEAL_SECRET = env.str("FORESTAGE_SEAL_SECRET", default="")
SEAL_URLS = checked.seal_urls(
    env.list("FORESTAGE_SEAL_URLS", default=[]), SEAL_SECRET, production=PRODUCTION
)

# --- Webhooks -------------------------------------------------------------------------------------
WEBHOOK_SECONDS = env.int("FORESTAGE_WEBHOOK_SECONDS", default=5)
# Beyond the internet, what webhooks may reach: without it, nothing of the house.
WEBHOOK_NETWORKS = checked.networks(
    env.list("FORESTAGE_WEBHOOK_NETWORKS", default=[]), "FORESTAGE_WEBHOOK_NETWORKS"
)
WEBHOOK_LOG_DAYS = env.int("FORESTAGE_WEBHOOK_LOG_DAYS", default=30)
CELERY_BEAT_SCHEDULE |= {
    "send-webhooks": {
        "task": "integration.webhooks.tasks.send_webhooks", "schedule": WEBHOOK_SECONDS,
    },
    "trim-webhook-log": {
        "task": "integration.webhooks.tasks.trim_webhook_log",
        "schedule": crontab(hour="3", minute="30"),
    },
}  # fmt: skip

# --- Notifications --------------------------------------------------------------------------------
NOTICE_SECONDS = env.int("FORESTAGE_NOTICE_SECONDS", default=10)
# How long an e-mail is tried, and how long what people were told is kept.
MAIL_HOURS = env.int("FORESTAGE_MAIL_HOURS", default=48)
NOTICE_DAYS = env.int("FORESTAGE_NOTICE_DAYS", default=30)
# Of one kind, so many alerts are told somebody at once within so many minutes; more come together.
NOTICE_STORM = env.int("FORESTAGE_NOTICE_STORM", default=5)
NOTICE_STORM_MINUTES = env.int("FORESTAGE_NOTICE_STORM_MINUTES", default=15)
CELERY_BEAT_SCHEDULE |= {
    "tell-people": {
        "task": "integration.notices.tasks.tell_people", "schedule": NOTICE_SECONDS,
    },
    "send-notices": {
        "task": "integration.notices.tasks.send_notices", "schedule": NOTICE_SECONDS,
    },
    "trim-notices": {
        "task": "integration.notices.tasks.trim_notices",
        "schedule": crontab(hour="3", minute="45"),
    },
}  # fmt: skip

CACHES = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            # What is counted there is not worth a request that hangs.
            "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("FORESTAGE_LOG_LEVEL", default="INFO")},
}
