"""The one wrapper through which cache and rate limits touch Redis. With Redis down they fail open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class FailOpenRedisCache(RedisCache):
    """Django's Redis cache that answers "not there" instead of failing while Redis is away."""

    def _try(self, call: Callable[..., Any], otherwise: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except (RedisError, OSError) as away:
            log.warning("redis_away", error=str(away))
            return otherwise

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().add, True, *args, **kwargs)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._try(super().get, default, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().set, None, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().touch, False, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().delete, False, *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().get_many, {}, *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().has_key, False, *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().incr, 1, *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().set_many, [], *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().delete_many, None, *args, **kwargs)

    def clear(self) -> Any:
        return self._try(super().clear, False)

    def count_distinct(self, key: str, member: str, seconds: int) -> tuple[int, int]:
        """How many different members this key has seen in its window, and the seconds until the window closes.

        The window opens with the first member. While Redis is away the answer is (0, 0): nobody is slowed down.
        """
        name = self.make_and_validate_key(key)
        client = self._cache.get_client(name, write=True)

        def count() -> tuple[int, int]:
            with client.pipeline() as pipe:
                pipe.sadd(name, member)
                pipe.ttl(name)
                pipe.scard(name)
                _, left, size = pipe.execute()
            if left < 0:
                client.expire(name, seconds)
                left = seconds
            return int(size), int(left)

        return self._try(count, (0, 0))
