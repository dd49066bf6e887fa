"""Links by which people without an account read one recording: made, found, counted and revoked."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from jobs.models import Recording, Share
from jobs.services.exports import file_name

TOKEN_BYTES = 24
_SALT = "jobs.share_links"
# By kind of media, where they are not called the same.
_EXTENSIONS = {"mpeg": "mp3", "mp2t": "ts", "octet-stream": "bin"}


def create(recording: Recording, *, expires_at: datetime | None, password: str, has_audio: bool) -> Share:
    """`password` is what visitors have to type; empty for none."""
    share = Share(recording=recording, expires_at=expires_at, has_audio=has_audio)
    share.password = make_password(password) if password else ""
    share.token_hash = _hashed(_token(share))
    share.save()
    return share


def token_of(share: Share) -> str | None:
    """What the address ends with; None once the site has another SECRET_KEY."""
    token = _token(share)
    return token if _hashed(token) == share.token_hash else None


def find(token: str) -> Share | None:
    """The link, with its recording; None for one that leads nowhere, no longer, or into the trash."""
    found = Share.objects.open_at(timezone.now()).select_related("recording")
    return found.filter(token_hash=_hashed(token), recording__deleted_at=None).first()


def links_of(recording: Recording) -> QuerySet[Share]:
    """Those that were not revoked, newest first; expired ones too."""
    return recording.shares.filter(revoked_at=None)


def revoke(share: Share) -> bool:
    """End a link at once. False when it was revoked before."""
    return bool(Share.objects.filter(pk=share.pk, revoked_at=None).update(revoked_at=timezone.now()))


def media_name(share: Share) -> str:
    """What visitors know the media by: the title, as the name of the file that was uploaded is the owner's affair.

    Empty where a link does not include it.
    """
    if not share.has_audio:
        return ""
    kind = share.recording.media_type.rpartition("/")[2]
    return file_name(share.recording.title, _EXTENSIONS.get(kind, kind))


def is_right_password(share: Share, password: str) -> bool:
    return check_password(password, share.password)


def count_view(share: Share) -> None:
    Share.objects.filter(pk=share.pk).update(views=F("views") + 1)


def _token(share: Share) -> str:
    digest = salted_hmac(_SALT, share.pk.hex, algorithm="sha256").digest()
    return urlsafe_b64encode(digest[:TOKEN_BYTES]).decode()


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
