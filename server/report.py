import json
import os
import platform
import sqlite3
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
    """What a bug report needs: versions, findings, settings; without a secret, mode 0600."""
    text = json.dumps(
        redact_value(_told(settings, findings)), ensure_ascii=False, indent=2, sort_keys=False
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
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
