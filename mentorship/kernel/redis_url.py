"""One REDIS_URL, in the spelling each client wants."""


def for_client(url: str) -> str:
    """redis-py and Django's cache: `unix:///path` as it is."""
    return url


def for_celery(url: str) -> str:
    """kombu spells a unix socket `redis+socket:///path`."""
    return url.replace("unix://", "redis+socket://", 1) if url.startswith("unix://") else url
