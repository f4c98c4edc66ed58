import logging
import re
import sys
import textwrap
import traceback
from functools import lru_cache
from typing import Any, Literal, TextIO

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field

from core.secret import redact, redact_event

_MAX_VALUE_CHARS = 2_048
_MAX_EXCEPTION_CHARS = 16_384
# What could end a line, move the cursor, or turn the text around; half surrogate pairs, which
# cannot be written at all. Newlines and tabs JSON escapes by itself.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_PLAIN = frozenset({"exc_info", "timestamp", "level", "request_id"})
_SHORT = 48  # such texts repeat: methods, paths, names
_LINE_BREAKS = str.maketrans({"\n": "\\n", "\t": "\\t"})
# Their INFO and DEBUG lines hold whole URLs and SQL parameters, secrets included.
_INDISCREET = (
    "httpx",
    "httpcore",
    "aiohttp",
    "aiosqlite",
    "asyncio",
    "urllib3",
    "PIL",
    "markdown_it",
    "alembic",
    "mcp",
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


class _Logger(structlog.make_filtering_bound_logger(logging.DEBUG)):  # type: ignore[misc]
    """What every module's logger becomes on first use and stays: its level is the class's."""


def set_level(level: str) -> None:
    """The lowest level that is written from now on."""
    number = getattr(logging, level.upper())
    for name, method in vars(structlog.make_filtering_bound_logger(number)).items():
        if not name.startswith("_"):
            setattr(_Logger, name, method)
    logging.getLogger().setLevel(number)


def setup_logging(settings: LogSettings) -> None:
    """Send structlog and the standard library's logging to stderr, once a process."""
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    tail: list[Any] = [redact_event, _printable]
    if console:
        tail.append(_on_one_line)
        tail.append(structlog.dev.ConsoleRenderer(exception_formatter=_traceback))
    else:
        shared.append(structlog.processors.format_exc_info)
        tail.append(structlog.processors.JSONRenderer(serializer=_dumps))
    structlog.configure(
        processors=[*shared, *tail],
        wrapper_class=_Logger,
        logger_factory=(
            structlog.WriteLoggerFactory(sys.stderr)
            if console
            else structlog.BytesLoggerFactory(sys.stderr.buffer)
        ),
        cache_logger_on_first_use=True,
    )
    _route_stdlib()
    set_level(settings.level)


def _route_stdlib() -> None:
    logging.getLogger().handlers[:] = [_ToStructlog()]
    for name in _INDISCREET:
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
    # Plain and redacted: pretty tracebacks print local variables, which may be secrets. Indented:
    # no line of an exception's text can pass for one of the log.
    text = _escaped(redact("".join(traceback.format_exception(*exc_info))), _MAX_EXCEPTION_CHARS)
    out.write("\n" + textwrap.indent(text, "    "))


def _printable(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    for name, value in event.items():
        if name in _PLAIN:
            continue
        if isinstance(value, str) and len(value) <= _SHORT:
            event[name] = _escaped_short(value)
        else:
            limit = _MAX_EXCEPTION_CHARS if name == "exception" else _MAX_VALUE_CHARS
            event[name] = _escaped_in(value, limit)
    return event


def _escaped_in(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return _escaped(value, limit)
    if isinstance(value, dict):
        return {_escaped(name, limit): _escaped_in(inner, limit) for name, inner in value.items()}
    if isinstance(value, list):
        return [_escaped_in(inner, limit) for inner in value]
    return value


def _escaped(text: str, limit: int) -> str:
    shown = text if len(text) <= limit else text[:limit] + "…"
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", shown)


@lru_cache(maxsize=4_096)
def _escaped_short(text: str) -> str:
    return _escaped(text, _SHORT)


def _on_one_line(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = value.translate(_LINE_BREAKS)
    return event


def _dumps(event: Any, default: Any = str, **_options: Any) -> bytes:
    return orjson.dumps(event, default=default, option=orjson.OPT_NON_STR_KEYS)
