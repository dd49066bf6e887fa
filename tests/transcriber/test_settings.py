"""What settings make of the environment, seen from a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from transcriber.env import BASE_DIR, Env

PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "k" * 30 + "0123456789abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "transcriber.example",
}


def run(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A Python process that knows only these settings."""
    clean = {name: value for name, value in os.environ.items() if not hasattr(Env, name)}
    everything = clean | {"ENV_FILE": "", "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "transcriber.settings"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=BASE_DIR,
        env=everything | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def setting(folder: Path, expression: str, **variables: str) -> object:
    code = f"import json; from django.conf import settings; print(json.dumps({expression}, default=str))"
    ended = run(folder, "-c", code, **variables)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_with_nothing_set_it_is_sqlite_local_files_and_a_redis_of_its_own(tmp_path: Path) -> None:
    expression = "[settings.DATABASES['default']['NAME'], settings.STORAGES['default']['BACKEND'], settings.RQ_QUEUES]"

    name, storage, queues = setting(tmp_path, expression)  # type: ignore[misc]

    assert name == str(tmp_path / "db.sqlite3")
    assert storage == "django.core.files.storage.FileSystemStorage"
    assert {queue["URL"] for queue in queues.values()} == {f"unix://{tmp_path}/redis/redis.sock"}


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_without_debug_it_refuses_to_start_and_names_what_is_missing(tmp_path: Path, missing: str) -> None:
    variables = {name: value for name, value in PRODUCTION.items() if name != missing}

    ended = run(tmp_path, "manage.py", "check", **variables)

    assert ended.returncode != 0
    assert missing in ended.stderr


def test_a_deployment_passes_every_check_django_has(tmp_path: Path) -> None:
    ended = run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert ended.returncode == 0, ended.stderr


def test_postgresql_and_s3_are_used_when_named(tmp_path: Path) -> None:
    variables = {"DATABASE_URL": "postgres://me:secret@db.example/words", "S3_BUCKET": "media"}
    expression = "[settings.DATABASES['default']['ENGINE'], settings.STORAGES['default']['OPTIONS']['bucket_name']]"

    assert setting(tmp_path, expression, **variables) == ["django.db.backends.postgresql", "media"]


def test_plain_http_on_one_machine_asks_for_no_secure_cookies(tmp_path: Path) -> None:
    expression = "[settings.SECURE_SSL_REDIRECT, settings.SESSION_COOKIE_SECURE, settings.SECURE_HSTS_SECONDS]"

    assert setting(tmp_path, expression, **PRODUCTION, HTTPS="0") == [False, False, 0]
    assert setting(tmp_path, expression, **PRODUCTION) == [True, True, 31_536_000]


@pytest.mark.parametrize("trusted", [True, False])
def test_headers_of_a_proxy_are_believed_only_when_told_so(tmp_path: Path, trusted: bool) -> None:
    header = setting(tmp_path, "settings.SECURE_PROXY_SSL_HEADER", TRUST_PROXY_HEADERS=str(int(trusted)))

    assert bool(header) == trusted


@pytest.mark.parametrize(
    ("bucket", "region", "endpoint"),
    [
        ("recordings", "", ""),
        ("recordings", "eu-west-1", ""),
        ("our.recordings", "eu-west-1", ""),
        ("recordings", "cn-north-1", ""),
        ("recordings", "eu-west-1", "https://minio.example.org:9000/store"),
    ],
)
def test_the_player_may_follow_the_links_to_the_bucket(tmp_path: Path, bucket: str, region: str, endpoint: str) -> None:
    storage = "__import__('storages.backends.s3').backends.s3.S3Storage(**settings.STORAGES['default']['OPTIONS'])"
    expression = f"[settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['media-src'], {storage}.url('key')]"
    keys = {"S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "b"}

    allowed, link = setting(  # type: ignore[misc]
        tmp_path, expression, S3_BUCKET=bucket, S3_REGION=region, S3_ENDPOINT_URL=endpoint, **keys
    )

    parts = urlsplit(link)
    assert f"{parts.scheme}://{parts.netloc}" in allowed
    assert not any("*" in source for source in allowed)
