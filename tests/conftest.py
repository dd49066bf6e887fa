"""What all tests share: settings of their own in a temporary folder, a real Redis, people and recordings."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils import translation

# The same examples each time, however slow the machine: what is checked does not depend on luck.
# HYPOTHESIS_PROFILE=default looks for new ones.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session", autouse=True)
def redis_server() -> Iterator[Path]:
    """A real Redis on the socket the settings expect. Yields the socket's path."""
    from django.conf import settings

    socket = Path(settings.ENV.redis_url.removeprefix("unix://"))
    socket.parent.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(socket.parent)],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while not socket.exists():
        assert time.monotonic() < deadline, "Redis did not start"
        time.sleep(0.02)
    yield socket
    process.terminate()
    process.wait()


@pytest.fixture(autouse=True)
def empty_redis(redis_server: Path) -> None:
    import redis

    redis.Redis(unix_socket_path=str(redis_server)).flushall()


@pytest.fixture(autouse=True)
def language_of_the_site() -> Iterator[None]:
    """A request leaves its language in the thread, as it would in a server, where the next one sets its own."""
    yield
    translation.deactivate()


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user(username="owner@example.org", email="owner@example.org", password="pass-of-owner")


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user(username="other@example.org", email="other@example.org", password="pass-of-other")


@pytest.fixture
def browser(owner: User) -> Client:
    """A client in which the owner is logged in."""
    client = Client()
    client.force_login(owner)
    return client


def body(response: HttpResponseBase) -> bytes:
    """The bytes of a response, streamed or not."""

    async def collect() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])  # type: ignore[attr-defined]

    return async_to_sync(collect)() if response.streaming else response.content  # type: ignore[attr-defined,no-any-return]
