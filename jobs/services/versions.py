"""The versions of a recording's text: what runs found, and what people made of it before another run."""

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from jobs.models import ChangeKind, Segment, Speaker, Transcript
from jobs.services.change_log import Draft, EditRefused, Outcome, content, locked, refuse_unseen


def versions_of(transcript: Transcript) -> QuerySet[Transcript]:
    """All of the same recording, latest first."""
    return Transcript.objects.filter(recording=transcript.recording_id).order_by("-created_at", "-pk")


def restore_version(transcript: Transcript, person: AbstractBaseUser, *, version: int, revision: int) -> Outcome:
    """Put the text and the speakers of another version into this one, as one change.

    Args:
        revision: The transcript's, as the person knows it.

    Raises:
        EditConflict: The transcript has been changed since.
        EditRefused: There is no such version, or it is in another language.
    """
    with locked(transcript) as row:
        refuse_unseen(row, revision)
        old = versions_of(row).filter(pk=version).exclude(pk=row.pk).first()
        if old is None:
            raise EditRefused(_("There is no such version."))
        if old.language != row.language:
            raise EditRefused(_("That version is in another language, so it cannot take the place of this one."))
        draft = Draft(row, person)
        speakers = _take_over_speakers(draft, old)
        for segment in draft.take(row.segments.all()):
            draft.remove(segment)
        draft.add(*(_copy(segment, speakers) for segment in old.segments.all()))
        return draft.keep(ChangeKind.RESTORE)


def _take_over_speakers(draft: Draft, old: Transcript) -> dict[int, Speaker]:
    """Make the speakers those of `old`: the new ones by the old ones' ids."""
    by_label = {speaker.label: speaker for speaker in draft.speakers.values()}
    wanted = {speaker.label: speaker for speaker in old.speakers.all()}
    for label in by_label.keys() - wanted.keys():
        draft.remove_speaker(by_label[label])
    for label, speaker in wanted.items():
        if label in by_label:
            by_label[label].name = speaker.name
        else:
            by_label[label] = draft.add_speaker(Speaker(label=label, name=speaker.name))
    return {speaker.pk: by_label[label] for label, speaker in wanted.items()}


def _copy(segment: Segment, speakers: dict[int, Speaker]) -> Segment:
    values = content(segment)
    speaker = speakers.get(values.pop("speaker"))
    return Segment(**values, speaker=speaker)
