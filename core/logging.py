import logging
import sys
import traceback
from typing import Any, Literal, TextIO

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field

from core.secret import redact, redact_event

_MAX_VALUE_CHARS = 2_048
# Their INFO and DEBUG lines hold whole URLs, secrets included.
_URL_LOGGERS = (
    "httpx",
    "httpcore",
    "aiohttp",
    "asyncio",
    "urllib3",
    "PIL",
    "markdown_it",
    "alembic",
)


class LogSettings(BaseModel):
    """`[log]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="lowest level that is written"
    )
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: readable on a terminal, JSON lines elsewhere"
    )


def setup_logging(settings: LogSettings) -> None:
    """Send structlog and the standard library's logging to stderr, once a process."""
    level = getattr(logging, settings.level.upper())
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    tail: list[Any] = [redact_event, _cut]
    if console:
        tail.append(structlog.dev.ConsoleRenderer(exception_formatter=_traceback))
    else:
        shared.append(structlog.processors.format_exc_info)
        tail.append(structlog.processors.JSONRenderer(serializer=_dumps))
    structlog.configure(
        processors=[*shared, *tail],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=(
            structlog.WriteLoggerFactory(sys.stderr)
            if console
            else structlog.BytesLoggerFactory(sys.stderr.buffer)
        ),
        cache_logger_on_first_use=True,
    )
    _route_stdlib(level)


def _route_stdlib(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(level)
    for name in _URL_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"  # our own access line has no query


class _ToStructlog(logging.Handler):
    """Hands the standard library's records to structlog, so that one redactor sees all."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger(record.name)
        text = redact(record.getMessage())
        logger.log(record.levelno, text, logger=record.name, exc_info=record.exc_info)


def _traceback(out: TextIO, exc_info: Any) -> None:
    # Plain and redacted: pretty tracebacks print local variables, which may be secrets.
    out.write("\n" + redact("".join(traceback.format_exception(*exc_info))))


def _cut(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    for name, value in event.items():
        if isinstance(value, str) and len(value) > _MAX_VALUE_CHARS and name != "exception":
            event[name] = value[:_MAX_VALUE_CHARS] + "…"
    return event


def _dumps(event: Any, default: Any = str, **_options: Any) -> bytes:
    return orjson.dumps(event, default=default, option=orjson.OPT_NON_STR_KEYS)
