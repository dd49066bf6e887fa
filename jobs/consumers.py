"""Live progress: a snapshot on connect, then one after each change."""

from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from jobs import events
from jobs.models import Job

NOT_FOUND = 4404


class JobConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One open page watching one job. The browser sends nothing; whatever comes is ignored."""

    async def connect(self) -> None:
        pk: UUID = self.scope["url_route"]["kwargs"]["pk"]
        self._group = events.group_name(pk)
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
        await self.send_json(event["snapshot"])

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _snapshot(self, pk: UUID) -> dict[str, Any] | None:
        """Where the job stands; None when it is not this person's."""
        user = self.scope["user"]
        if not user.is_authenticated:
            return None
        job = Job.objects.filter(pk=pk, recording__owner=user).first()
        return events.snapshot(job).as_json() if job else None
