import json
import subprocess
import sys
import unicodedata

import pytest

CANARY = "CANARYsecret0123456789"

SCRIPT = f"""
import logging, structlog
from core.logging import LogSettings, setup_logging
setup_logging(LogSettings(level="debug", format="FORMAT"))
log = structlog.get_logger("x")
structlog.contextvars.bind_contextvars(request_id="req_1")
log.info("token refreshed", app_id="wx1", access_token="{CANARY}")
log.warning("odd\\npath", path="/a?access_token={CANARY}", long="x" * 9999)
logging.getLogger("uvicorn.error").warning("url /a?secret={CANARY}")
logging.getLogger("httpx").info("HTTP Request: GET /a?secret={CANARY}")
try:
    key = "{CANARY}"
    raise ValueError("access_token={CANARY}")
except ValueError:
    log.exception("failed")
"""

# What a caller could put into a path, a User-Agent or a title.
HOSTILE = (
    "a\r\n2026-11-22T00:00:00Z [info] forged line",
    "\x1b[2J\x1b]0;title\x07red",
    "a\u2028b\u2029c\u0085d\x9b31m",
    "\u202egnp.exe\u2066\u200f",
    "nul\x00byte",
    "half \ud800 pair",
    "x" * 1_000_000,
)
INJECTION = f"""
import logging, structlog
from core.logging import LogSettings, setup_logging
setup_logging(LogSettings(format="FORMAT"))
log = structlog.get_logger("x")
for number, value in enumerate({HOSTILE!a}):
    log.info("event", number=number, path=value, nested={{"a": [value], value[:40]: 1}})
    logging.getLogger("x").warning("seen %s", value)
    try:
        raise ValueError(value)
    except ValueError:
        log.exception("failed")
"""


def run(script: str, log_format: str) -> str:
    script = script.replace("FORMAT", log_format)
    done = subprocess.run(  # by stdin: one argument has room for 128 KB alone
        [sys.executable, "-"], input=script.encode(), capture_output=True, check=True
    )
    return done.stderr.decode()


def test_json_lines_carry_the_request_id_and_no_secret() -> None:
    written = run(SCRIPT, "json")
    assert CANARY not in written
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["event"] for line in lines] == [
        "token refreshed",
        "odd\npath",
        "url /a?secret=***",
        "failed",
    ]
    assert lines[0]["request_id"] == "req_1"
    assert lines[0]["level"] == "info"
    assert len(lines[1]["long"]) < 3000
    assert "ValueError" in lines[3]["exception"]


def test_the_console_format_is_readable_and_keeps_secrets_out() -> None:
    written = run(SCRIPT, "console")
    assert "token refreshed" in written
    assert CANARY not in written


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_hostile_text_neither_forges_a_line_nor_moves_the_cursor(log_format: str) -> None:
    written = run(INJECTION, log_format)
    assert not [
        char
        for char in written
        if char != "\n" and unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs")
        if not (log_format == "console" and char == "\x1b")  # its own colours
    ]
    assert not set("\u202e\u2066\u200f") & set(written)
    assert "\x1b[2J" not in written
    assert "\x1b]0;" not in written
    assert not [line for line in written.splitlines() if line.startswith("2026-11-22T00:00:00Z")]


def test_every_line_of_the_log_is_one_json_object_of_bounded_length() -> None:
    lines = run(INJECTION, "json").splitlines()
    assert len(lines) == 3 * len(HOSTILE)
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert max(map(len, lines)) < 60_000


def test_another_level_counts_at_once_for_loggers_already_in_use() -> None:
    script = """
import logging, structlog
from core.logging import LogSettings, set_level, setup_logging
setup_logging(LogSettings(level="error", format="json"))
log, plain = structlog.get_logger("x"), logging.getLogger("y")
for level in ("error", "info", "warning"):
    set_level(level)
    log.info("a line at " + level)
    log.error("an error at " + level)
    plain.info("a plain line at " + level)
"""
    events = [json.loads(line)["event"] for line in run(script, "json").splitlines()]
    assert events == [
        *("an error at error", "a line at info", "an error at info", "a plain line at info"),
        "an error at warning",
    ]
