"""Live progress: a snapshot on connect, then one after each change."""

from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.http import HttpRequest
from django.utils import translation

from jobs import events
from jobs.models import Job

NOT_FOUND = 4404


class JobConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One open page watching one job. The browser sends nothing; whatever comes is ignored."""

    async def connect(self) -> None:
        pk: UUID = self.scope["url_route"]["kwargs"]["pk"]
        self._group = events.group_name(pk)
        self._language = language_of(self.scope)
        if await self._snapshot(pk) is None:
            await self.close(NOT_FOUND)
            return
        await self.channel_layer.group_add(self._group, self.channel_name)
        await self.accept()
        await self.send_json(await self._snapshot(pk))  # read after joining: nothing falls between

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self._group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Nothing is expected from the browser."""

    async def job_changed(self, event: dict[str, Any]) -> None:
        with translation.override(self._language):
            snapshot = events.in_own_language(event["snapshot"])
        await self.send_json(snapshot)

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _snapshot(self, pk: UUID) -> dict[str, Any] | None:
        """Where the job stands; None when it is not this person's."""
        user = self.scope["user"]
        if not user.is_authenticated:
            return None
        job = Job.objects.filter(pk=pk, recording__owner=user, recording__deleted_at=None).first()
        with translation.override(self._language):
            return events.snapshot(job).as_json() if job else None


def language_of(scope: dict[str, Any]) -> str:
    """The language in which the page with this socket is: what its reader chose, else what the browser asks for."""
    request = HttpRequest()
    request.COOKIES = scope.get("cookies", {})
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers", [])}
    request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get("accept-language", "")
    return translation.get_language_from_request(request)
