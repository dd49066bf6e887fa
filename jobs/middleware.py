"""What holds for every page: the very first visitor is led to the first-run page, and pages of people are not kept."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from jobs.services import first_run

OPEN_PATHS = ("/static/", "/health/", "/i18n/")
View = Callable[[HttpRequest], HttpResponse]


class PrivatePagesMiddleware:
    """No cache keeps what signed-in people see, unless the view says otherwise.

    After signing out, the browser's Back would show it again from memory. It may do so before: Chromium forgets such
    pages when a cookie changes that scripts cannot read, as that of the session does.
    """

    def __init__(self, get_response: View) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        is_open = response.has_header("Cache-Control") or not request.session.accessed
        if not is_open and request.user.is_authenticated:
            response["Cache-Control"] = "private, no-store"
        return response


class FirstRunMiddleware:
    """While there is no account, every page leads to the first-run page. Asked once, then remembered."""

    def __init__(self, get_response: View) -> None:
        self._get_response = get_response
        self._has_account = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        welcome = reverse("welcome")
        if self._has_account or request.path == welcome or request.path.startswith(OPEN_PATHS):
            return self._get_response(request)
        self._has_account = not first_run.is_needed()
        return self._get_response(request) if self._has_account else redirect(welcome)
