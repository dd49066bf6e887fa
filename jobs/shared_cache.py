"""The cache of all processes: what rate limits count by."""

import logging
import time
from collections.abc import Callable
from typing import Any, ClassVar

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

log = logging.getLogger(__name__)

AWAY_SECONDS = 10.0
UNREACHABLE = (redis.RedisError, OSError)


class SharedCache(RedisCache):
    """Redis, which counts for all processes. While it does not answer, each process counts for itself, and says so.

    Nobody is kept from signing in because Redis is away; it is asked again after `AWAY_SECONDS`.
    """

    # By the clock of time.monotonic; of the process, as a cache is made for each thread.
    _away_until: ClassVar[float] = 0.0

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache("shared_cache", params | {"OPTIONS": {}})

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._answer(super().add, self._own.add, *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._answer(super().get, self._own.get, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._answer(super().set, self._own.set, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._answer(super().delete, self._own.delete, *args, **kwargs)

    def _answer(self, shared: Callable[..., Any], own: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= SharedCache._away_until:
            try:
                return shared(*args, **kwargs)
            except UNREACHABLE as error:
                SharedCache._away_until = time.monotonic() + AWAY_SECONDS
                log.warning("Redis does not answer, so this process counts for itself: %s", error)
        return own(*args, **kwargs)
