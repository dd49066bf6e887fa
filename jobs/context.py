"""What every template knows."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    return {"SITE_NAME": settings.ENV.SITE_NAME, "SIGNUP_OPEN": settings.ENV.SIGNUP_OPEN}
