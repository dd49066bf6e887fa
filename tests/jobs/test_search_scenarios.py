"""What a search must hold to on both databases: it follows each edit, takes its index, and looks at so many at most."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs.services import search
from tests.jobs.search_scenarios import follow_edits, look_among_many
from tests.services import ROOT, postgresql, product_variables

FOLLOWED = [
    ("begin", ['"alpha"', '"beta"', '"gamma delta"', '"last"']),
    ("edit", ['"omega"', '"beta"', '"gamma delta"', '"last"']),
    ("undo", ['"alpha"', '"beta"', '"gamma delta"', '"last"']),
    ("redo", ['"omega"', '"beta"', '"gamma delta"', '"last"']),
    ("split", ['"omega"', '"beta"', '"last"']),
    ("join", ['"omega"', '"beta"', '"gamma delta"', '"last"']),
    ("replace", ['"omega"', '"theta"', '"gamma delta"', '"last"']),
    ("passage heard again", ['"omega"', '"gamma delta"', '"last"', '"heard"']),
    ("insert", ['"omega"', '"gamma delta"', '"last"', '"heard"', '"added"']),
    ("delete", ['"omega"', '"gamma delta"', '"last"', '"heard"']),
    ("title", ['"omega"', '"gamma delta"', '"last"', '"heard"', '"renamed"']),
    # corrected sentences are carried over, others are not
    ("run again", ['"omega"', '"gamma delta"', '"heard"', '"part"', '"renamed"']),
    ("other version shown", ['"omega"', '"gamma delta"', '"last"', '"heard"', '"renamed"']),
    ("other version taken over", ['"omega"', '"gamma delta"', '"heard"', '"part"', '"renamed"']),
    ("trash", []),
    ("put back", ['"omega"', '"gamma delta"', '"heard"', '"part"', '"renamed"']),
    ("deleted for good", []),
]
PROGRAM = "import django; django.setup(); from tests.jobs import search_scenarios; search_scenarios.tell()"
CAP = str(search.CANDIDATES + 1)  # one more, to know whether there are more


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What was seen on a server of its own."""
    folder = tmp_path_factory.mktemp("scenarios")
    (folder / "data").mkdir()
    with postgresql() as address:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={
                **product_variables(Path(folder), DATABASE_URL=address),
                "DJANGO_SETTINGS_MODULE": "transcriber.settings",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_what_is_found_follows_every_edit(owner: User) -> None:
    assert follow_edits(owner) == FOLLOWED


@pytest.mark.postgres
def test_what_is_found_follows_every_edit_on_postgresql(on_postgresql: Any) -> None:
    assert [(done, found) for done, found in on_postgresql["edits"]] == FOLLOWED


def test_the_index_is_taken_and_no_more_than_so_many_are_looked_at(owner: User) -> None:
    looked = look_among_many(owner)

    assert "jobs_segment_search VIRTUAL TABLE INDEX" in looked.plan
    assert (looked.limits, looked.is_cut, looked.shown) == ([CAP], True, search.CANDIDATES)


@pytest.mark.postgres
def test_the_index_is_taken_and_no_more_than_so_many_are_looked_at_on_postgresql(on_postgresql: Any) -> None:
    looked = on_postgresql["many"]

    assert "Bitmap Index Scan on segment_search" in looked["plan"]
    assert (looked["limits"], looked["is_cut"], looked["shown"]) == ([CAP], True, search.CANDIDATES)
