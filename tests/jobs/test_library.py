import io
import re
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from jobs import queue
from jobs.models import Job, Recording, Segment, Tag, Transcript
from jobs.services import library, lifecycle
from jobs.services.speaker_names import names_given
from jobs.views import shelf as shelf_views
from jobs.views.library import PAGE_SIZE
from tests.conftest import body
from tests.jobs.recipes import make_job, make_recording
from tests.jobs.transcripts import make_transcript


def titles(browser: Client, **query: str) -> list[str]:
    page = browser.get(reverse("library"), query).context["page_obj"]
    return [recording.title for recording in page]


def test_the_opening_words_are_those_of_the_newest_transcript(browser: Client, owner: User) -> None:
    recording = make_recording(owner)
    for text in ("the first try", "the second try"):
        transcript = Transcript.objects.create(
            recording=recording, job=make_job(owner, recording=recording), language="en", engine="pocketsphinx"
        )
        Segment.objects.create(transcript=transcript, start=0, end=1, text=text)

    (shown,) = browser.get(reverse("library")).context["page_obj"]

    assert shown.opening == "the second try"


def test_longest_first_puts_unknown_lengths_last(browser: Client, owner: User) -> None:
    for title, duration in (("short", 1.0), ("unknown", None), ("long", 9.0)):
        make_recording(owner, title=title, duration=duration)

    assert titles(browser, sort="-duration") == ["long", "short", "unknown"]


def test_titles_are_in_the_order_that_people_expect(browser: Client, owner: User) -> None:
    for title in ("file 10", "Яблоко", "Zebra", "apple", "File 2", "äpfel", "Ёлка", "Жук"):
        make_recording(owner, title=title)

    assert titles(browser, sort="title") == ["äpfel", "apple", "File 2", "file 10", "Zebra", "Ёлка", "Жук", "Яблоко"]


def test_a_search_has_the_best_first_unless_another_order_is_chosen(browser: Client, owner: User) -> None:
    for title, said, length in (("b", "Budget!", 1.0), ("a", "The budget, long ago.", 9.0), ("budget", "Hm.", None)):
        recording = make_transcript(owner, [said]).recording
        Recording.objects.filter(pk=recording.pk).update(title=title, duration=length)

    assert titles(browser, q="budget") == titles(browser, q="budget", sort="nonsense") == ["budget", "b", "a"]
    assert titles(browser, q="budget", sort="title") == ["a", "b", "budget"]
    assert titles(browser, q="budget", sort="-created_at") == ["budget", "a", "b"]
    assert titles(browser, q="budget", sort="-duration") == ["a", "b", "budget"]
    assert ">Best match<" in browser.get(reverse("library"), {"q": "budget"}).content.decode()
    assert ">Best match<" not in browser.get(reverse("library")).content.decode()


def test_a_search_for_what_no_database_can_hold_finds_nothing(browser: Client, owner: User) -> None:
    make_recording(owner, title="a")

    assert titles(browser, q="\0b") == []
    assert titles(browser, q="\0") == ["a"]


def test_the_opening_words_are_looked_up_for_the_page_that_is_shown_alone(
    browser: Client, owner: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(PAGE_SIZE + 3):
        make_recording(owner, title=str(number))
    make_transcript(owner, ["The first words."])

    with django_assert_max_num_queries(30) as queries:
        page = browser.get(reverse("library"), {"page": "2", "sort": "-created_at"}).context["page_obj"]

    assert len(page) == 4 and page.paginator.count == PAGE_SIZE + 4
    counted = [query["sql"] for query in queries.captured_queries if "OFFSET" in query["sql"]]
    assert counted and not any("jobs_segment" in sql for sql in counted)


# The address ----------------------------------------------------------------------------------------------------------


def test_what_is_done_on_a_later_page_leads_back_to_it(browser: Client, owner: User) -> None:
    for number in range(PAGE_SIZE + 1):
        make_recording(owner, title=f"Talk {number:02d}")

    page = browser.get(reverse("library"), {"sort": "title", "page": "2"}).content.decode()

    assert set(re.findall(r'name="next" value="([^"]+)"', page)) == {"/?sort=title&amp;page=2"}
    assert re.findall(r'rel="(?:prev|next)" href="([^"]+)"', page) == ["/?sort=title&amp;page=1"]


def test_a_filter_is_taken_off_without_the_search_and_the_order(browser: Client, shelf: dict[str, Recording]) -> None:
    asked = {"q": "hello", "tag": "Work", "status": "done", "sort": "title"}

    page = browser.get(reverse("library"), asked).content.decode()

    assert re.findall(r'href="([^"]+)" data-without="([^"]+)"', page) == [
        ("/?q=hello&amp;sort=title", "speaker,language,status,tag,since,until"),
        ("/?q=hello&amp;tag=Work&amp;sort=title", "status"),
        ("/?q=hello&amp;status=done&amp;sort=title", "tag"),
    ]


def test_what_a_row_leads_to_keeps_the_other_filters(browser: Client, shelf: dict[str, Recording]) -> None:
    anna = shelf["Anna's"]
    Segment.objects.bulk_create(
        Segment(transcript=anna.transcripts.get(), start=start, end=start + 1, text="Hello again.")
        for start in range(10, 15)
    )
    asked = {"q": "hello", "language": "en", "since": "2020-05-01", "tag": "Work", "page": "1"}
    kept = "/?q=hello&amp;language=en&amp;since=2020-05-01"

    page = browser.get(reverse("library"), asked).content.decode()
    alone = browser.get(reverse("library"), asked | {"in": str(anna.pk)}).content.decode()

    assert f'href="{kept}&amp;tag=Work&amp;in={anna.pk}" data-more' in page
    assert f'class="tag" href="{kept}&amp;tag=Work"' in page
    assert f'<a href="{kept}&amp;tag=Work">All recordings</a>' in alone
    assert 'class="tag" href="/?tag=Work"' in browser.get(reverse("library")).content.decode()
    assert "from May 1, 2020" in page
    russian = browser.get(reverse("library"), asked, headers={"Accept-Language": "ru"}).content.decode()
    assert "1 мая 2020" in russian


# Search ---------------------------------------------------------------------------------------------------------------


def test_a_search_shows_passages_that_open_at_their_moment(browser: Client, owner: User) -> None:
    transcript = make_transcript(owner, ["Hello all.", "A <b>budget</b>.", *["They all spoke of a budget again."] * 4])

    page = browser.get(reverse("library"), {"q": "budget"}).content.decode()

    address = reverse("recording", args=[transcript.recording_id])
    assert f'<a href="{address}?t=3.00#t=3.00">' in page
    assert "<mark>budget</mark>" in page and "&lt;b&gt;" in page and "<b>budget" not in page
    assert page.count("<mark>") == 3 and "2 more passages" in page
    alone = browser.get(reverse("library"), {"q": "budget", "in": str(transcript.recording_id)}).content.decode()
    assert alone.count("<mark>") == 5 and "more passages" not in alone


def test_the_text_of_others_is_not_searched(browser: Client, stranger: User) -> None:
    transcript = make_transcript(stranger, ["A secret budget."])

    for query in ({"q": "secret"}, {"q": "secret", "in": str(transcript.recording_id)}):
        assert list(browser.get(reverse("library"), query).context["page_obj"]) == []


# Filters --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(owner: User) -> dict[str, Recording]:
    """Four recordings that differ in all that can be filtered by."""
    made = {}
    for title, language, speaker in (("Anna's", "en", "Anna"), ("Boris's", "ru", "Boris")):
        transcript = make_transcript(owner, ["Hello all."], speakers="0", language=language)
        transcript.speakers.update(name=speaker)
        Recording.objects.filter(pk=transcript.recording_id).update(title=title)
        made[title] = transcript.recording
    for title, status in (("Failed", "failed"), ("Running", "running")):
        made[title] = make_job(owner, recording=make_recording(owner, title=title)).recording
        Job.objects.filter(recording=made[title]).update(status=status)
    library.add_tag([made["Anna's"], made["Failed"]], "Work", owner)
    old = datetime(2020, 5, 17, 12, tzinfo=UTC)
    Recording.objects.filter(pk=made["Failed"].pk).update(created_at=old)
    return made


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"language": "ru"}, {"Boris's"}),
        ({"speaker": "Anna"}, {"Anna's"}),
        ({"status": "done"}, {"Anna's", "Boris's"}),
        ({"status": "failed"}, {"Failed"}),
        ({"status": "active"}, {"Running"}),
        ({"tag": "Work"}, {"Anna's", "Failed"}),
        ({"tag": "Work", "status": "done", "speaker": "Anna", "language": "en"}, {"Anna's"}),
        ({"until": "2020-05-17"}, {"Failed"}),
        ({"since": "2020-05-18"}, {"Anna's", "Boris's", "Running"}),
        ({"since": "nonsense", "status": "nonsense", "sort": "nonsense"}, {"Anna's", "Boris's", "Failed", "Running"}),
        ({"q": "hello", "language": "ru"}, {"Boris's"}),
    ],
)
def test_a_filter_shows_what_is_like_that(
    browser: Client, shelf: dict[str, Recording], asked: dict[str, str], shown: set[str]
) -> None:
    assert set(titles(browser, **asked)) == shown


@pytest.mark.parametrize(
    ("oldest_first", "told", "filtered_by"),
    [
        (["running", "completed"], "running", "active"),
        (["queued", "failed"], "queued", "active"),
        (["completed", "running"], "running", "active"),
        (["completed", "failed"], "completed", "done"),
        (["failed", "completed", "cancelled"], "completed", "done"),
        (["cancelled", "failed"], "failed", "failed"),
        (["failed", "cancelled"], "cancelled", "cancelled"),
    ],
)
def test_a_row_says_what_it_is_filtered_by(
    browser: Client, owner: User, oldest_first: list[str], told: str, filtered_by: str
) -> None:
    recording = make_recording(owner)
    jobs = [make_job(owner, recording=recording) for _status in oldest_first]
    for number, (job, status) in enumerate(zip(jobs, oldest_first, strict=True)):
        at = datetime(2026, 1, 1, number, tzinfo=UTC)
        Job.objects.filter(pk=job.pk).update(status=status, percent=37.5, created_at=at)
    asked = {status: titles(browser, status=status) for status in ("active", "done", "failed", "cancelled")}

    row = browser.get(reverse("library")).content.decode()

    assert [status for status, found in asked.items() if found] == [filtered_by]
    assert f'badge-{told}"' in row
    assert ("data-active" in row) == (filtered_by == "active")
    assert ('<progress class="meter meter-thin" max="100" value="37.50"' in row) == (told == "running")


def test_a_filter_goes_by_the_version_that_people_read(browser: Client, owner: User) -> None:
    transcript = make_transcript(owner, ["Hello."], speakers="0", language="en")
    transcript.speakers.update(name="Anna")
    Transcript.objects.create(recording=transcript.recording, language="ru", engine="whisper", model="")

    assert titles(browser, language="en") == titles(browser, speaker="Anna") == []
    assert len(titles(browser, language="ru")) == 1
    assert library.choices(owner) == library.Choices(speakers=[], languages=["ru"], tags=[])


# Titles, tags, several at once ----------------------------------------------------------------------------------------


def test_a_title_is_changed_and_never_empty(browser: Client, owner: User) -> None:
    recording = make_recording(owner, title="Before")
    address = reverse("recording_rename", args=[recording.pk])

    browser.post(address, {"title": "  After \n all\0 "})
    for nothing in (" ", "\u200b", "\u202e\x01"):
        browser.post(address, {"title": nothing})

    recording.refresh_from_db()
    assert recording.title == "After all"


def test_tags_are_of_one_person_and_gone_with_their_last_recording(
    browser: Client, owner: User, stranger: User
) -> None:
    recording, theirs = make_recording(owner), make_recording(stranger)
    library.add_tag([theirs], "Work", stranger)
    address = reverse("recording_tags", args=[recording.pk])

    for typed in ("Work", " wORK ", "Wo\u200brk", "", "\u200b", "to  check"):
        browser.post(address, {"add": typed})
    assert sorted(recording.tags.values_list("name", flat=True)) == ["Work", "to check"]
    for name in ("Work", "to check"):
        browser.post(address, {"remove": name})

    assert list(Tag.objects.values_list("name", "owner")) == [("Work", stranger.pk)]
    assert list(theirs.tags.values_list("name", flat=True)) == ["Work"]


def act(browser: Client, action: str, *chosen: Recording, **more: str | list[str]) -> HttpResponse:
    answer: HttpResponse = browser.post(
        reverse("recordings_act"), {"action": action, "id": [str(one.pk) for one in chosen], **more}
    )
    return answer


def test_several_are_tagged_at_once_but_none_of_others(browser: Client, owner: User, stranger: User) -> None:
    ours, more, theirs = make_recording(owner), make_recording(owner), make_recording(stranger)

    act(browser, "tag", ours, more, theirs, tag="Work")
    act(browser, "untag", more, tag="Work")

    assert [list(one.tags.values_list("name", flat=True)) for one in (ours, more, theirs)] == [["Work"], [], []]
    assert browser.post(reverse("recordings_act"), {"action": "delete", "id": ["nonsense"]}).status_code == 302
    act(browser, "delete", theirs)
    assert Recording.objects.kept().count() == 3


def test_all_that_a_list_has_on_its_pages_are_chosen_by_what_it_asks_for(
    browser: Client, owner: User, stranger: User
) -> None:
    for number in range(PAGE_SIZE + 1):
        make_recording(owner, title=f"Talk {number:02d}")
    make_recording(owner, title="Another")
    make_recording(stranger, title="Talk of others")
    page = browser.get(reverse("library"), {"q": "talk", "page": "2"}).content.decode()
    told = dict(re.findall(r'data-(whole|asked|offer)="([^"]*)"', page))
    assert told == {"whole": "51", "asked": "q=talk", "offer": "Choose all 51 found"}
    chosen = {"found": told["whole"], "asked": told["asked"], "id": ""}

    browser.post(reverse("recordings_act"), {"action": "tag", "tag": "Work", **chosen})
    browser.post(reverse("recordings_act"), {"action": "delete", **chosen})

    assert Tag.objects.get().recordings.count() == PAGE_SIZE + 1
    page = browser.get(reverse("library")).content.decode()
    assert titles(browser) == ["Another"]
    (doomed,) = re.findall(r'name="id" value="([^"]+,[^"]+)"', page)
    browser.post(reverse("restore"), {"id": doomed})
    assert len(library.own(owner)) == PAGE_SIZE + 2


def test_a_list_that_has_changed_since_it_was_chosen_whole_is_left_alone(browser: Client, owner: User) -> None:
    make_recording(owner), make_recording(owner)

    answer = browser.post(reverse("recordings_act"), {"action": "delete", "found": "1", "asked": ""}, follow=True)

    assert "The list has changed meanwhile" in answer.content.decode()
    assert Recording.objects.kept().count() == 2


def test_more_than_a_form_can_hold_is_answered_with_a_sentence(browser: Client) -> None:
    answer = browser.post(reverse("recordings_act"), {"action": "delete", "id": ["x"] * 1001})

    assert answer.status_code == 400
    assert "Go back and choose less." in answer.content.decode()


def test_several_are_transcribed_again_with_their_own_options(browser: Client, owner: User) -> None:
    transcript = make_transcript(owner, ["Hello."])
    recording = transcript.recording
    Recording.objects.filter(pk=recording.pk).update(media_key="recordings/some/media")
    without_media = make_transcript(owner, ["Hello."]).recording
    Recording.objects.filter(pk=without_media.pk).update(media_key="")

    with queue.silenced():
        act(browser, "again", recording, without_media)

    first, second = recording.jobs.order_by("created_at")
    assert second.options == first.options and second.is_active
    assert without_media.jobs.count() == 1


def test_several_are_taken_away_in_one_archive(browser: Client, owner: User) -> None:
    ours = [make_transcript(owner, [f"Hello {name}."]).recording for name in ("one", "two")]

    answer = act(browser, "export", *ours, make_recording(owner))

    with zipfile.ZipFile(io.BytesIO(body(answer))) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".md")]
    assert len(texts) == 2 and {"one" in text for text in texts} == {True, False}
    assert act(browser, "export", make_recording(owner)).status_code == 302


def test_several_are_taken_away_in_the_formats_chosen_which_are_remembered(browser: Client, owner: User) -> None:
    ours = [make_transcript(owner, [f"Hello {name}."]).recording for name in ("one", "two")]

    answer = act(browser, "export", *ours, formats="chosen", format=["srt", "txt", "of a former release"])
    again = act(browser, "export", *ours)

    for given in (answer, again):
        with zipfile.ZipFile(io.BytesIO(body(given))) as archive:
            assert sorted(name.rpartition(".")[2] for name in archive.namelist()) == ["srt", "srt", "txt", "txt"]
    assert act(browser, "export", *ours, formats="chosen").status_code == 302
    page = browser.get(reverse("library")).content.decode()
    checked = set(re.findall(r'name="format" value="(\w+)" checked', page))
    assert checked == {"srt", "txt"}


# The trash ------------------------------------------------------------------------------------------------------------


def test_what_is_in_the_trash_is_reachable_nowhere_else_and_comes_back(browser: Client, owner: User) -> None:
    transcript = make_transcript(owner, ["A budget."], speakers="0")
    transcript.speakers.update(name="Anna")
    recording, job = transcript.recording, transcript.job
    assert job is not None
    addresses = [
        reverse("recording", args=[recording.pk]),
        reverse("panel", args=[recording.pk, "run"]),
        reverse("job_snapshot", args=[job.pk]),
        reverse("export", args=[job.pk, "txt"]),
        reverse("segments", args=[transcript.pk]),
        reverse("transcript_text", args=[transcript.pk]),
    ]

    answer = browser.post(reverse("recording_delete", args=[recording.pk]))

    assert {browser.get(address).status_code for address in addresses} == {404}
    assert browser.post(reverse("recording_delete", args=[recording.pk])).status_code == 404
    assert titles(browser) == titles(browser, q="budget") == titles(browser, tag="Work") == []
    assert names_given(owner, besides=[]) == []
    assert recording.title in browser.get(reverse("trash")).content.decode()
    browser.post(reverse("restore"), {"id": str(recording.pk)})
    assert {browser.get(address).status_code for address in addresses} == {200}
    assert titles(browser, q="budget") == [recording.title]
    assert answer.status_code == 302


def test_deleting_offers_to_undo_once(browser: Client, owner: User) -> None:
    recording = make_recording(owner, title="Meeting")
    browser.post(reverse("recording_delete", args=[recording.pk]))

    first, second = (browser.get(reverse("library")).content.decode() for _time in range(2))

    assert "“Meeting” was deleted." in first and f'value="{recording.pk}"' in first
    assert "was deleted" not in second


def test_what_works_on_a_deleted_recording_is_stopped(browser: Client, owner: User) -> None:
    job = make_job(owner)

    browser.post(reverse("recording_delete", args=[job.recording_id]))

    job.refresh_from_db()
    assert job.status == "cancelled"


def test_putting_back_tells_what_was_stopped(browser: Client, owner: User) -> None:
    ran, done = make_job(owner).recording, make_transcript(owner, ["Hello."]).recording
    for recording in (ran, done):
        browser.post(reverse("recording_delete", args=[recording.pk]))

    def put_back(*recordings: Recording) -> str:
        lifecycle.to_trash(ran)
        chosen = {"id": ",".join(str(one.pk) for one in recordings)}
        return browser.post(reverse("restore"), chosen, follow=True).content.decode()

    assert "had been stopped" not in put_back(done)
    assert "Its transcription had been stopped." in put_back(ran)
    lifecycle.to_trash(done)
    assert "The transcription of 1 had been stopped." in put_back(ran, done)


def test_only_what_is_in_the_trash_of_a_person_is_deleted_for_good(
    browser: Client, owner: User, stranger: User
) -> None:
    kept, doomed, last, theirs = (
        make_recording(owner),
        make_recording(owner),
        make_recording(owner),
        make_recording(stranger),
    )
    for one in (doomed, last, theirs):
        lifecycle.to_trash(one)

    assert browser.post(reverse("recording_purge", args=[kept.pk])).status_code == 404
    assert browser.post(reverse("recording_purge", args=[theirs.pk])).status_code == 404
    browser.post(reverse("restore"), {"id": str(theirs.pk)})
    browser.post(reverse("recording_purge", args=[doomed.pk]))
    assert set(Recording.objects.all()) == {kept, last, theirs}
    browser.post(reverse("empty_trash"))
    assert set(Recording.objects.all()) == {kept, theirs}
    assert Recording.objects.get(pk=theirs.pk).deleted_at is not None


def test_what_is_put_back_while_the_trash_is_emptied_stays(
    browser: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    meant = [make_recording(owner) for _one in range(3)]
    for one in meant:
        lifecycle.to_trash(one)
    delete, deleted = lifecycle.delete_recording, []

    def delete_while_others_come_back(recording: Recording) -> int:
        deleted.append(recording.pk)
        for other in meant:
            lifecycle.from_trash(other)
        return delete(recording)

    monkeypatch.setattr(lifecycle, "delete_recording", delete_while_others_come_back)
    browser.post(reverse("empty_trash"))

    assert len(deleted) == 1
    assert {one.pk for one in Recording.objects.kept()} == {one.pk for one in meant} - set(deleted)


def test_what_is_put_back_just_before_it_is_deleted_for_good_stays(
    browser: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = make_recording(owner)
    lifecycle.to_trash(recording)

    def found_before_it_came_back(*_asked: object) -> Recording:
        lifecycle.from_trash(recording)
        return recording

    monkeypatch.setattr(shelf_views, "trashed_recording", found_before_it_came_back)
    browser.post(reverse("recording_purge", args=[recording.pk]))

    assert list(Recording.objects.kept()) == [recording]


def test_a_form_leads_back_to_its_own_page_but_not_elsewhere(browser: Client, owner: User) -> None:
    address = reverse("recording_rename", args=[make_recording(owner).pk])

    def leads_to(wanted: str) -> str:
        return str(browser.post(address, {"title": "a", "next": wanted})["Location"])

    assert leads_to("/?q=budget&tag=Work") == "/?q=budget&tag=Work"
    assert leads_to("https://example.org/") == leads_to("//example.org/") == leads_to("") == reverse("library")
