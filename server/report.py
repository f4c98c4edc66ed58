import errno
import json
import os
import platform
import sqlite3
import stat
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.secret import redact_value
from server.findings import Finding
from server.settings import Settings

_PACKAGES = (
    *("wxgate", "aiohttp", "cryptography", "httpx", "pydantic", "redis", "sqlalchemy"),
    *("starlette", "uvicorn"),
)


def write_report(path: Path, settings: Settings, findings: Iterable[Finding]) -> None:
    """What a bug report needs: versions, findings, settings; without a secret, mode 0600.

    Raises OSError, of what is there and is no regular file too: /dev/null is to stay as it is.
    """
    text = json.dumps(
        redact_value(_told(settings, findings)), ensure_ascii=False, indent=2, sort_keys=False
    )
    # Without waiting, should it be a FIFO that nobody reads.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        file.truncate()
        os.fchmod(file.fileno(), 0o600)  # of a file that was there before, too
        file.write(text + "\n")


def _told(settings: Settings, findings: Iterable[Finding]) -> dict[str, Any]:
    return {
        "versions": {
            **{package: version(package) for package in _PACKAGES},
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "system": platform.platform(),
        },
        "findings": [finding.plain() for finding in findings],
        # Secrets are SecretStr, and shown as asterisks; empty ones as "".
        "settings": settings.model_dump(mode="json"),
    }
