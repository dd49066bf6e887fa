"""The sample recording made at set-up, for a first try."""

import shutil
import tempfile
from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext as _

from jobs import pipeline_gateway
from jobs.models import Job
from jobs.services import work
from jobs.services.submit import sample_path, submit
from media_pipeline.errors import InputError
from media_pipeline.options import SpeakerOptions
from media_pipeline.wording import say


def transcribe_sample(owner: AbstractBaseUser) -> Job:
    """Start a job on a copy of the sample. InputError when set-up made none."""
    source = sample_path()
    if source is None:
        raise InputError("no_sample", say("There is no sample recording. Run “make setup” once to make it."))
    options = pipeline_gateway.transcribe_options(speakers=SpeakerOptions())
    scratch = work.scratch_dir()
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        copy = Path(folder) / source.name
        shutil.copyfile(source, copy)
        return submit(
            path=copy, original_name=source.name, options=options, owner=owner, title=_("Sample conversation")
        )
