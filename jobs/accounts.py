"""How accounts behave here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up stays closed unless the settings open it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.ENV.SIGNUP_OPEN)
