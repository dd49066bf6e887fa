"""The very first account, made on the site's first page."""

import hmac

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest

LOOPBACK = frozenset({"127.0.0.1", "::1"})


def is_needed() -> bool:
    """Whether there is no account yet."""
    return not User.objects.exists()


def is_local(request: HttpRequest) -> bool:
    """Whether the request comes from this machine itself and no proxy stands between."""
    is_forwarded = "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not is_forwarded


def is_right_token(token: str) -> bool:
    """Whether `token` is the one printed at start. Never true while none is set."""
    expected: str = settings.ENV.SETUP_TOKEN
    return bool(expected) and hmac.compare_digest(token.encode(), expected.encode())


def create_owner(*, email: str, password: str) -> User | None:
    """Create the owner, who may do everything. None when somebody else was faster."""
    with transaction.atomic():
        if User.objects.select_for_update().exists():
            return None
        return User.objects.create_superuser(username=email[:150], email=email, password=password)
