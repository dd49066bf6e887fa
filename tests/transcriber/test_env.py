"""Reading the environment: types, defaults, the file, and what is derived from them."""

import os
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from transcriber import env


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in env.Env.__dataclass_fields__:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENV_FILE", "")


def test_reads_each_kind_of_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEBUG", "no")
    monkeypatch.setenv("PORT", "9001")
    monkeypatch.setenv("LEASE_SECONDS", "1.5")
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example,[::1]")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    read = env.read()

    assert (read.DEBUG, read.PORT, read.LEASE_SECONDS) == (False, 9001, 1.5)
    assert read.ALLOWED_HOSTS == ("a.example", "[::1]")
    assert tmp_path == read.DATA_DIR


def test_with_nothing_set_everything_lies_in_the_data_folder() -> None:
    read = env.read()

    assert read.database_url == f"sqlite:///{env.BASE_DIR}/data/db.sqlite3"
    assert read.redis_url == f"unix://{env.BASE_DIR}/data/redis/redis.sock"
    assert read.models_dir == env.BASE_DIR / "data" / "models"


def test_the_file_is_read_and_the_real_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("SITE_NAME=From the file\nTIME_ZONE=Europe/Kyiv\n")
    monkeypatch.setenv("ENV_FILE", str(file))
    monkeypatch.setenv("TIME_ZONE", "UTC")

    read = env.read()
    monkeypatch.delenv("SITE_NAME")  # reading the file puts it there

    assert (read.SITE_NAME, read.TIME_ZONE) == ("From the file", "UTC")


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "eighty"), ("LEASE_SECONDS", "soon"), ("LEASE_SECONDS", "45 s"), ("DEBUG", "ture")]
)
def test_a_value_of_the_wrong_type_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=name):
        env.read()


def test_a_relative_data_folder_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "elsewhere")

    read = env.read()

    assert read.DATA_DIR.relative_to(tmp_path) == Path("elsewhere")


def test_a_data_folder_too_deep_for_a_socket_gets_a_private_one_of_its_own(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 40)

    socket = env.embedded_redis_socket(deep)

    assert len(os.fsencode(socket)) <= env.UNIX_SOCKET_PATH_MAX_BYTES
    assert socket == env.embedded_redis_socket(deep)
    assert socket != env.embedded_redis_socket(tmp_path / ("other" * 40))


def test_set_up_writes_settings_that_only_the_owner_can_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from scripts import settings_file

    monkeypatch.setattr(settings_file, "ENV_FILE", tmp_path / ".env")
    settings_file.ensure()
    monkeypatch.setenv("ENV_FILE", str(tmp_path / ".env"))

    read = env.read()
    for name in ("SECRET_KEY", "DEBUG", "HTTPS", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name)

    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert len(read.SECRET_KEY) > 50
    assert (read.DEBUG, read.HTTPS, read.ALLOWED_HOSTS) == (False, False, ("localhost", "127.0.0.1", "[::1]"))


def test_set_up_leaves_settings_that_are_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from scripts import settings_file

    (tmp_path / ".env").write_text("SECRET_KEY=mine\n")
    monkeypatch.setattr(settings_file, "ENV_FILE", tmp_path / ".env")

    settings_file.ensure()

    assert (tmp_path / ".env").read_text() == "SECRET_KEY=mine\n"
