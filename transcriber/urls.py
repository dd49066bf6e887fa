"""The site's addresses."""

from collections.abc import Sequence

from allauth.account.decorators import secure_admin_login
from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import admin
from django.contrib.auth.decorators import user_passes_test
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver
from django.utils.translation import gettext_lazy

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = gettext_lazy("Transcriber administration")


def _for_superusers(patterns: Sequence[URLPattern | URLResolver]) -> Sequence[URLPattern | URLResolver]:
    """The queue dashboard asks only for staff rights itself; it shows arguments and can delete work.

    Its templates hold scripts and styles of their own, which our policy allows on no other page.
    """
    guard = user_passes_test(lambda user: user.is_active and user.is_superuser, login_url="account_login")
    relax = csp_update({"script-src": [UNSAFE_INLINE], "style-src": [UNSAFE_INLINE]})
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = guard(relax(pattern.callback))
    return patterns


def _queue_pages() -> Sequence[URLPattern | URLResolver]:
    from django_rq.urls import urlpatterns

    return _for_superusers(urlpatterns)


urlpatterns = [
    path("", include("jobs.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/queues/", include((_queue_pages(), "django_rq"), namespace="django_rq")),
    path("admin/", admin.site.urls),
]
