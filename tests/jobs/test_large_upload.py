"""What `python -m tests.large_upload` does and tells: 1 GB, five cuts, two clients at once."""

import tempfile
from pathlib import Path

import pytest

from tests import large_upload
from tests.services import running_product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_one_gigabyte_over_a_line_cut_five_times_arrives_exactly_and_two_clients_mix_no_bytes() -> None:
    told: list[str] = []

    # Not in tmp_path, whose files stay for three runs.
    with tempfile.TemporaryDirectory() as folder, running_product(Path(folder)) as product:
        large_upload.upload(product, 1000 * large_upload.MEGABYTE, told.append)

    assert len(told) == 4, told
