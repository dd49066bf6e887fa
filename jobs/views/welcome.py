"""The first-run page, reachable only until the first account exists."""

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jobs.forms import WelcomeForm
from jobs.services import first_run

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    if not first_run.is_needed():
        raise Http404
    is_local = first_run.is_local(request)
    form = WelcomeForm(request.POST or None, is_local=is_local)
    if request.method == "POST" and form.is_valid():
        owner = first_run.create_owner(email=form.cleaned_data["email"], password=form.cleaned_data["password1"])
        if owner is None:
            raise Http404
        login(request, owner, backend=BACKEND)
        return redirect("upload")
    return render(request, "jobs/welcome.html", {"form": form, "is_local": is_local})
