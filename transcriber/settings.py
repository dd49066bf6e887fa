"""Django settings. Reads env.py only; with nothing set it runs on SQLite, local files and its own Redis."""

from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from transcriber import env as environment
from transcriber.logs import logging_config

ENV = environment.read()
BASE_DIR = environment.BASE_DIR
DATA_DIR = ENV.DATA_DIR

DEBUG = ENV.DEBUG
if not DEBUG and not ENV.SECRET_KEY:
    raise ImproperlyConfigured("DEBUG is off, so SECRET_KEY must be set. `make setup` writes one to .env.")
if not DEBUG and not ENV.ALLOWED_HOSTS:
    raise ImproperlyConfigured("DEBUG is off, so ALLOWED_HOSTS must name the hosts this site answers to.")
SECRET_KEY = ENV.SECRET_KEY or get_random_secret_key()
ALLOWED_HOSTS = list(ENV.ALLOWED_HOSTS)
CSRF_TRUSTED_ORIGINS = list(ENV.CSRF_TRUSTED_ORIGINS)
HTTPS = ENV.HTTPS and not DEBUG

INSTALLED_APPS = [
    "daphne",
    "jobs",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "django_rq",
    "allauth",
    "allauth.account",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # a long transcript is megabytes of HTML
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "jobs.middleware.PrivatePagesMiddleware",
    "jobs.middleware.FirstRunMiddleware",
]

ROOT_URLCONF = "transcriber.urls"
ASGI_APPLICATION = "transcriber.asgi.application"

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
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "jobs.context.site",
            ],
        },
    }
]

# Data -----------------------------------------------------------------------------------------------------------------

DATABASES = {"default": environ.Env.db_url_config(ENV.database_url)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Writers queue instead of failing: a transaction takes the write lock when it begins.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}  # a file, so that locking is as in use
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

_LOCAL_STORAGE = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": DATA_DIR / "storage", "base_url": None},
}
_S3_STORAGE = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {
        "bucket_name": ENV.S3_BUCKET,
        "endpoint_url": ENV.S3_ENDPOINT_URL or None,
        "region_name": ENV.S3_REGION or None,
        "access_key": ENV.S3_ACCESS_KEY or None,
        "secret_key": ENV.S3_SECRET_KEY or None,
        "default_acl": None,
        "file_overwrite": True,  # keys are ours and made of ids: writing one again is a retry
        "querystring_auth": True,
        "querystring_expire": 300,
        "signature_version": "s3v4",
    },
}
STORAGES = {
    "default": _S3_STORAGE if ENV.S3_BUCKET else _LOCAL_STORAGE,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2  # forms; media arrives in pieces, see jobs/views/uploads.py

# Queues and live progress ---------------------------------------------------------------------------------------------

LANES = ("io", "cpu", "gpu")
# A Redis that never answers is given up after the five seconds that are redis-py's own default, here and below.
RQ_QUEUES = {
    lane: {"URL": ENV.redis_url, "SERIALIZER": "rq.serializers.JSONSerializer", "DEFAULT_TIMEOUT": 3600}
    for lane in LANES
}
RQ = {"JOB_CLASS": "jobs.queue.DoorbellJob", "COMMIT_MODE": "auto"}
RQ_SHOW_ADMIN_LINK = False  # it would open the same dashboard to all staff; ours is in urls.py, for superusers
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [ENV.redis_url], "prefix": "transcriber"},
    }
}
CACHES = {
    "default": {
        "BACKEND": "jobs.shared_cache.SharedCache",
        "LOCATION": ENV.redis_url,
        "KEY_PREFIX": "transcriber",
        # As in the queues, nothing that is read from Redis is run: Django's own way would be pickle.
        "OPTIONS": {"serializer": "rq.serializers.JSONSerializer", "socket_connect_timeout": 2, "socket_timeout": 2},
    }
}

# People ---------------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_ADAPTER = "jobs.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_RATE_LIMITS = {"share_password": "10/5m/ip,60/h/key"}  # besides allauth's own; the key is a link
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{ENV.SITE_NAME}] "
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "library"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

EMAIL_CONFIG = environ.Env.email_url_config(ENV.EMAIL_URL)
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = ENV.DEFAULT_FROM_EMAIL

# Security -------------------------------------------------------------------------------------------------------------


def _bucket_origins() -> list[str]:
    """Where signed links lead. Amazon gives a bucket a host of its own, unless there is a dot in its name."""
    if not ENV.S3_BUCKET:
        return []
    if ENV.S3_ENDPOINT_URL:
        endpoint = urlsplit(ENV.S3_ENDPOINT_URL)
        return [f"{endpoint.scheme}://{endpoint.netloc}"]
    domain = "amazonaws.com.cn" if ENV.S3_REGION.startswith("cn-") else "amazonaws.com"
    hosts = [f"s3.{domain}", *([f"s3.{ENV.S3_REGION}.{domain}"] if ENV.S3_REGION else [])]
    return [f"https://{host}" if "." in ENV.S3_BUCKET else f"https://{ENV.S3_BUCKET}.{host}" for host in hosts]


CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, "blob:", *_bucket_origins()],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if ENV.TRUST_PROXY_HEADERS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
else:
    ALLAUTH_TRUSTED_PROXY_COUNT = 0

# Language, time, logs -------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский")]  # each in its own words
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
LANGUAGE_COOKIE_AGE = 31_536_000
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
TIME_ZONE = ENV.TIME_ZONE
USE_TZ = True
LOGGING = logging_config(ENV.LOG_LEVEL, ENV.LOG_FORMAT)
LOGGING_CONFIG = "logging.config.dictConfig"
SILENCED_SYSTEM_CHECKS: list[str] = []
