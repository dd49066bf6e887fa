from typing import Any

import pytest
from django.db import connection
from django.db.utils import OperationalError
from django.test import Client
from django.urls import reverse

from jobs import queue
from jobs.services import diagnosis
from transcriber.env import Env


def refuse(*args: object) -> None:
    raise OperationalError("the server closed the connection unexpectedly")


@pytest.mark.django_db
def test_ready_says_ok_when_database_and_redis_answer() -> None:
    response = Client().get(reverse("health_ready"))

    assert (response.status_code, response.json()) == (200, {"status": "ok", "down": []})


@pytest.mark.django_db
def test_a_database_that_went_away_after_connecting_is_noticed() -> None:
    with connection.execute_wrapper(refuse):
        response = Client().get(reverse("health_ready"))
        finding = diagnosis._database()

    assert (response.status_code, response.json()["down"]) == (503, ["database"])
    assert "DATABASE_URL" in finding.problem


@pytest.mark.django_db
def test_a_redis_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "answers", lambda: False)

    response = Client().get(reverse("health_ready"))

    assert (response.status_code, response.json()["down"]) == (503, ["redis"])


def test_live_asks_nobody() -> None:
    assert Client().get(reverse("health_live")).json() == {"status": "ok"}


def test_the_doctor_names_a_setting_that_is_wrong(settings: Any) -> None:
    assert diagnosis._settings().is_ok

    settings.ENV = Env(DEVICE="gpu")

    assert "DEVICE is “gpu”" in diagnosis._settings().problem
