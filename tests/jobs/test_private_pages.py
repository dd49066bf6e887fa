"""What signed-in people see is kept by no cache, and nothing else pays for that."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.jobs.transcripts import make_transcript

pytestmark = pytest.mark.django_db


def kept(client: Client, address: str) -> str | None:
    return client.get(address).headers.get("Cache-Control")


def test_pages_of_people_are_kept_by_no_cache(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["The budget is ready."])
    pk = made.recording_id
    pages = [reverse(name) for name in ("library", "upload", "trash")]
    pages += [reverse(name, args=[pk]) for name in ("recording", "shares")]
    pages += [reverse(name, args=[made.job_id]) for name in ("job_snapshot", "job_preview")]

    assert {address: kept(browser, address) for address in pages} == dict.fromkeys(pages, "private, no-store")


def test_what_a_view_says_itself_counts(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["The budget is ready."])

    assert kept(browser, reverse("panel", args=[made.recording_id, "history"])) == "private, no-cache"


def test_what_is_the_same_for_all_may_be_kept(browser: Client) -> None:
    answer = browser.get("/health/live/")

    assert "Cache-Control" not in answer.headers and "Cookie" not in answer.headers.get("Vary", "")
    assert kept(Client(), "/nowhere/") is None
