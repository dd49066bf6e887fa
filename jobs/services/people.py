"""What happens to a person's things."""

from django.contrib.auth.models import AbstractBaseUser

from jobs.models import Recording, Upload
from jobs.services import lifecycle, upload


def delete_person(person: AbstractBaseUser) -> None:
    """Delete an account with all its recordings and uploads, rows and files."""
    for recording in Recording.objects.filter(owner=person.pk):
        lifecycle.delete_recording(recording)
    for begun in Upload.objects.filter(owner=person.pk):
        upload.forget(begun)
    person.delete()
