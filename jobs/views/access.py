"""Who may see what: a person sees only their own; everything of others, or in the trash, does not exist."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from jobs.models import Job, Recording, Share, Transcript, Upload

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def person(request: HttpRequest) -> "User":
    """The logged-in user; views that call this stand behind login_required."""
    assert request.user.is_authenticated
    return request.user


def own_recording(request: HttpRequest, pk: UUID) -> Recording:
    return get_object_or_404(Recording.objects.kept().with_tags(), pk=pk, owner=person(request))


def own_job(request: HttpRequest, pk: UUID) -> Job:
    jobs = Job.objects.select_related("recording").filter(recording__deleted_at=None)
    return get_object_or_404(jobs, pk=pk, recording__owner=person(request))


def own_transcript(request: HttpRequest, pk: int) -> Transcript:
    return get_object_or_404(Transcript, pk=pk, recording__owner=person(request), recording__deleted_at=None)


def trashed_recording(request: HttpRequest, pk: UUID) -> Recording:
    return get_object_or_404(Recording, pk=pk, owner=person(request), deleted_at__isnull=False)


def own_share(request: HttpRequest, pk: UUID) -> Share:
    shares = Share.objects.select_related("recording").filter(recording__deleted_at=None)
    return get_object_or_404(shares, pk=pk, recording__owner=person(request))


def own_upload(request: HttpRequest, pk: UUID) -> Upload:
    return get_object_or_404(Upload, pk=pk, owner=person(request))
