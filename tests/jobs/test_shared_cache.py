"""Rate limits count in Redis for all processes, and in each process while Redis is away."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from jobs import shared_cache
from jobs.shared_cache import SharedCache
from tests.services import ROOT

LIMIT = "import django; django.setup(); from django.core.cache import cache; print(cache.get('tries'))"


@pytest.fixture(autouse=True)
def asked_at_once() -> Iterator[None]:
    SharedCache._away_until = 0.0
    yield
    SharedCache._away_until = 0.0


def params() -> dict[str, Any]:
    return {name: value for name, value in settings.CACHES["default"].items() if name not in {"BACKEND", "LOCATION"}}


def unreachable(folder: Path) -> SharedCache:
    return SharedCache(f"unix://{folder}/none.sock", params())


def test_what_one_process_counts_another_one_knows() -> None:
    cache.set("tries", [1.5, 2.5], 60)

    variables = os.environ | {"DJANGO_SETTINGS_MODULE": "transcriber.settings"}
    seen = SharedCache(settings.CACHES["default"]["LOCATION"], params()).get("tries")
    other = subprocess.run(
        [sys.executable, "-c", LIMIT], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )

    assert seen == [1.5, 2.5]
    assert other.stdout.strip() == "[1.5, 2.5]", other.stderr


def test_what_lies_in_redis_is_never_run() -> None:
    cache.set("tries", {"a": [True]}, 60)
    client = cache._cache.get_client("tries")  # type: ignore[attr-defined]

    assert client.get(cache.make_key("tries")) == b'{"a": [true]}'


def test_without_redis_each_process_counts_for_itself_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = unreachable(tmp_path)

    assert away.add("tries", [1], 60) is True
    assert away.add("tries", [1], 60) is False
    away.set("tries", [2, 1], 60)
    assert unreachable(tmp_path).get("tries") == [2, 1]  # as a thread of its own has it
    away.delete("tries")
    assert away.get("tries", "none") == "none"
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_redis_is_asked_again_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_cache, "AWAY_SECONDS", 0.0)
    unreachable(tmp_path).get("tries")
    cache.set("tries", [3], 60)

    assert cache.get("tries") == [3]
    assert SharedCache(settings.CACHES["default"]["LOCATION"], params()).get("tries") == [3]


@pytest.mark.django_db
def test_people_sign_in_while_redis_is_away(tmp_path: Path, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allauth.core.internal.ratelimit.cache", unreachable(tmp_path))

    answer = Client().post(reverse("account_login"), {"login": owner.email, "password": "pass-of-owner"})

    assert (answer.status_code, answer["Location"]) == (302, reverse("library"))
