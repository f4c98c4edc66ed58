import json
import subprocess
import sys

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


def run(log_format: str) -> str:
    script = SCRIPT.replace("FORMAT", log_format)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return done.stderr.decode()


def test_json_lines_carry_the_request_id_and_no_secret() -> None:
    written = run("json")
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
    written = run("console")
    assert "token refreshed" in written
    assert CANARY not in written
