"""The very first account, made on the site's first page."""

import hmac

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

LOOPBACK = frozenset({"127.0.0.1", "::1"})
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
PROXY_HEADERS = ("HTTP_X_FORWARDED", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP", "HTTP_VIA")


def is_needed() -> bool:
    """Whether there is no account yet."""
    return not User.objects.exists()


def is_local(request: HttpRequest) -> bool:
    """Whether the request comes from this machine itself and no proxy stands between.

    The address alone says nothing: a proxy on this machine has it too. So the name asked for must be this machine's,
    no header may tell of a proxy, and the settings must not either. A proxy that hides on all these points cannot be
    seen from here.
    """
    is_here = request.META.get("REMOTE_ADDR") in LOOPBACK and validate_host(_host(request), LOCAL_NAMES)
    is_forwarded = any(name.startswith(PROXY_HEADERS) for name in request.META)
    return is_here and not is_forwarded and not _expects_a_proxy()


def _host(request: HttpRequest) -> str:
    return split_domain_port(request.META.get("HTTP_HOST", ""))[0]


def _expects_a_proxy() -> bool:
    env = settings.ENV
    return bool(env.TRUST_PROXY_HEADERS or env.CSRF_TRUSTED_ORIGINS or (env.HTTPS and not env.DEBUG))


def is_right_token(token: str) -> bool:
    """Whether `token` is the one printed at start. Never true while none is set."""
    expected: str = settings.ENV.SETUP_TOKEN
    return bool(expected) and hmac.compare_digest(token.encode(), expected.encode())


def create_owner(*, email: str, password: str) -> User | None:
    """Create the owner, who may do everything. None when somebody else was faster.

    An empty table has no row to lock, so PostgreSQL has to lock the table itself; SQLite has one writer at a time.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {User._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        if User.objects.exists():
            return None
        return User.objects.create_superuser(username=email[:150], email=email, password=password)
