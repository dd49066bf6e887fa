"""For load balancers: is the process alive, and can it do its work."""

import django_rq
import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """503 with the names of what is down."""
    down = [name for name, check in (("database", _database), ("redis", _redis)) if not check()]
    return JsonResponse({"status": "ok" if not down else "down", "down": down}, status=503 if down else 200)


def _database() -> bool:
    try:
        connection.ensure_connection()
    except DatabaseError:
        return False
    return True


def _redis() -> bool:
    try:
        return bool(django_rq.get_connection("cpu").ping())
    except redis.RedisError:
        return False
