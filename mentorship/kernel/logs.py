"""Structured logs: JSON lines in production, readable lines in the demo and in development."""

import logging.config
import re
from typing import Any

import structlog

# Addresses whose words are keys: who reads them in a log could open them. The private calendars' are.
SECRET_ADDRESSES = re.compile(r"(/calendar/)[\w-]+(?=\.ics)")


def masked(text: str) -> str:
    """The text without what secret addresses keep secret."""
    return SECRET_ADDRESSES.sub(r"\1***", text)


def mask_report(found: Any, _hint: Any = None) -> Any:
    """An error report (of Sentry) with every text in it masked, however deep."""
    if isinstance(found, str):
        return masked(found)
    if isinstance(found, dict):
        return {name: mask_report(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [mask_report(value) for value in found]
    return found


def configure(level: str, *, human: bool) -> None:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    lines = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    last = lines if human else structlog.processors.JSONRenderer()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        *([] if human else [structlog.processors.format_exc_info]),
                        lambda logger, name, event: masked(str(last(logger, name, event))),
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level},
        }
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
