import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

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
    client = Client(REMOTE_ADDR="127.0.0.1")

    response = client.post(reverse("welcome"), FORM)

    owner = User.objects.get()
    assert response["Location"] == reverse("upload")
    assert (owner.email, owner.is_superuser) == ("me@example.org", True)
    assert client.get(reverse("library")).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("client", [Client(REMOTE_ADDR="10.0.0.9"), Client(HTTP_X_FORWARDED_FOR="127.0.0.1")])
def test_from_elsewhere_or_through_a_proxy_the_token_is_needed(client: Client, token: str) -> None:
    client.post(reverse("welcome"), FORM)
    client.post(reverse("welcome"), FORM | {"token": "wrong"})
    assert not User.objects.exists()

    client.post(reverse("welcome"), FORM | {"token": token})
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", [{"password2": "another-long-one"}, {"password1": "short", "password2": "short"}, {"email": "nobody"}]
)
def test_a_wrong_form_makes_no_account(wrong: dict[str, str]) -> None:
    response = Client().post(reverse("welcome"), FORM | wrong)

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
