"""Structured logs: one JSON object a line on standard output, an event constant and fields, never personal data."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_FORBIDDEN_FIELDS = frozenset(
    {
        "phone",
        "email",
        "name",
        "to",
        "body",
        "caption",
        "text",
        "token",
        "authorization",
        "password",
        "secret",
        "url",
    }
)
_PHONE = re.compile(r"(?<![0-9A-Za-z-])\+?[0-9]{10,15}(?![0-9A-Za-z-])")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank what may be a phone, an e-mail address or a secret, by field name and by shape."""
    for key, value in event.items():
        if key in _FORBIDDEN_FIELDS:
            event[key] = "[redacted]"
        elif isinstance(value, str) and key not in {"timestamp", "level"}:
            event[key] = _EMAIL.sub("[redacted]", _PHONE.sub("[redacted]", value))
    return event


def configure(*, process: str, level: str = "info") -> None:
    """Send structlog and the standard library's loggers through the same JSON pipeline."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    structlog.contextvars.bind_contextvars(process=process)
