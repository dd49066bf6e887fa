"""Leads the very first visitor to the first-run page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from jobs.services import first_run

OPEN_PATHS = ("/static/", "/health/", "/i18n/")


class FirstRunMiddleware:
    """While there is no account, every page leads to the first-run page. Asked once, then remembered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._has_account = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        welcome = reverse("welcome")
        if self._has_account or request.path == welcome or request.path.startswith(OPEN_PATHS):
            return self._get_response(request)
        self._has_account = not first_run.is_needed()
        return self._get_response(request) if self._has_account else redirect(welcome)
