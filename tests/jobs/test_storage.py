from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from jobs import storage


def test_a_file_that_is_gone_has_no_bytes() -> None:
    assert storage.size("jobs/gone") == 0


def test_a_store_that_fails_is_not_taken_for_an_empty_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(key: str) -> int:
        raise OSError("input/output error")

    monkeypatch.setattr(default_storage, "size", fail)

    with pytest.raises(OSError, match="input/output"):
        storage.size("jobs/one")


def test_files_on_this_machine_are_told_from_a_bucket(tmp_path: Path, settings: object) -> None:
    assert storage.is_local()

    settings.STORAGES = {  # type: ignore[attr-defined]
        "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "b"}}
    }

    assert not storage.is_local()
