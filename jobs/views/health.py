"""For load balancers: is the process alive, and can it do its work."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from jobs.services import diagnosis


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """503 with the names of what is down."""
    down = diagnosis.what_is_down()
    return JsonResponse({"status": "ok" if not down else "down", "down": down}, status=503 if down else 200)
