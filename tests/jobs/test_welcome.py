import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.services import ROOT, postgresql, prepare, product_variables
from transcriber.env import Env

FORM = {"email": "me@example.org", "password1": "a-good-long-one", "password2": "a-good-long-one"}


@pytest.fixture(autouse=True)
def token(settings: object) -> str:
    settings.ENV = Env(SETUP_TOKEN="right-token")  # type: ignore[attr-defined]
    return "right-token"


@pytest.mark.django_db
def test_the_very_first_visitor_is_led_to_the_first_run_page() -> None:
    response = Client().get("/")

    assert (response.status_code, response["Location"]) == (302, reverse("welcome"))


@pytest.mark.django_db
def test_from_this_machine_no_token_is_asked_for_and_the_owner_is_logged_in() -> None:
    client = Client(headers={"Host": "localhost:8000"})

    response = client.post(reverse("welcome"), FORM)

    owner = User.objects.get()
    assert response["Location"] == reverse("upload")
    assert (owner.email, owner.is_superuser) == ("me@example.org", True)
    assert client.get(reverse("library")).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked",
    [
        {"REMOTE_ADDR": "10.0.0.9"},
        {"HTTP_HOST": "testserver"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_HOST": "example.org"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_from_elsewhere_or_through_a_proxy_the_token_is_needed(asked: dict[str, str], token: str) -> None:
    client = Client(**({"HTTP_HOST": "localhost"} | asked))  # type: ignore[arg-type]
    client.post(reverse("welcome"), FORM)
    client.post(reverse("welcome"), FORM | {"token": "wrong"})
    assert not User.objects.exists()

    client.post(reverse("welcome"), FORM | {"token": token})
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "behind_a_proxy",
    [
        {"TRUST_PROXY_HEADERS": True},
        {"CSRF_TRUSTED_ORIGINS": ("https://example.org",)},
        {"HTTPS": True, "DEBUG": False},
    ],
)
def test_a_site_set_up_for_a_proxy_always_asks_for_the_token(
    behind_a_proxy: dict[str, object], settings: object
) -> None:
    settings.ENV = Env(SETUP_TOKEN="right-token", **behind_a_proxy)  # type: ignore[attr-defined, arg-type]

    Client(headers={"Host": "localhost"}).post(reverse("welcome"), FORM)

    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", [{"password2": "another-long-one"}, {"password1": "short", "password2": "short"}, {"email": "nobody"}]
)
def test_a_wrong_form_makes_no_account(wrong: dict[str, str]) -> None:
    response = Client(headers={"Host": "localhost"}).post(reverse("welcome"), FORM | wrong)

    assert response.status_code == 200
    assert not User.objects.exists()


def test_once_there_is_an_account_the_page_is_gone(owner: User) -> None:
    assert Client().get(reverse("welcome")).status_code == 404
    assert Client().post(reverse("welcome"), FORM).status_code == 404
    assert User.objects.count() == 1


def test_sign_up_is_closed_unless_the_settings_open_it(owner: User, settings: object) -> None:
    answers = FORM | {"email": "new@example.org"}

    Client().post(reverse("account_signup"), answers)
    assert User.objects.count() == 1

    settings.ENV = Env(SIGNUP_OPEN=True)  # type: ignore[attr-defined]
    Client().post(reverse("account_signup"), answers)
    assert User.objects.count() == 2


RACE = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from django.contrib.auth.models import User
from django.db import connection
from jobs.services import first_run
start = Barrier(6)
def enter(number):
    connection.ensure_connection()
    start.wait()
    return first_run.create_owner(email=f"{number}@example.org", password="a-good-long-one") is not None
with ThreadPoolExecutor(6) as threads:
    made = sum(threads.map(enter, range(6)))
print(made, User.objects.count())
"""


@pytest.mark.slow
@pytest.mark.postgres
def test_of_six_who_are_first_at_once_one_becomes_the_owner(tmp_path: Path) -> None:
    with postgresql() as address:
        variables = product_variables(tmp_path, DATABASE_URL=address)
        prepare(variables)
        race = [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", RACE]
        told = subprocess.run(race, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)

    assert told.stdout.strip() == "1 1", told.stderr
