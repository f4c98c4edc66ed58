"""A real `wxgate serve` for a benchmark, from a TOML file, in a process of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import psutil  # type: ignore[import-untyped]

from sandbox.settings import VERIFIED
from tests.conftest import free_port
from tests.e2e.processes import write_toml
from wechat.limits import DAILY_QUOTAS

KEY = "wxg_bench_0123456789abcdefghijklmn"


@contextmanager
def served(
    sandbox_port: int,
    directory: Path,
    change: dict[str, Any] | None = None,
    *,
    accounts: list[dict[str, Any]] | None = None,
    stderr: int | None = None,
) -> Iterator[tuple[int, psutil.Process]]:
    """Its port and process; `change` adds to its configuration, `accounts` replace the one."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    upstream = f"http://127.0.0.1:{sandbox_port}"
    config: dict[str, Any] = {
        "server": {
            "listen": url[7:],
            "public_url": url,
            "data_dir": str(directory / str(port)),
            "control_rate_limit": "none",
        },
        "upstream": {"base_urls": [upstream], "mp_base_url": upstream},
        "log": {"level": "error"},
    }
    for section, values in (change or {}).items():
        tables = isinstance(values, list)
        config[section] = values if tables else {**config.get(section, {}), **values}
    config["accounts"] = accounts or [
        {
            "name": "main",
            "app_id": VERIFIED.app_id,
            "app_secret": VERIFIED.app_secret,
            "max_concurrent": 10_000,
        }
    ]
    config["clients"] = [
        {
            "id": "bench",
            "key": KEY,
            "accounts": [account["name"] for account in config["accounts"]],
            "scopes": [
                *("relay:read", "relay:write", "material", "draft", "publish", "stats", "notify"),
            ],
            "rate_limit": "60000000/minute",
            "max_concurrent": 10_000,
        }
    ]
    # What keeps a client under WeChat's daily quotas is judged too, and never refuses.
    config["limits"] = {f'"{path}"': "1000000000/day" for path in DAILY_QUOTAS}
    path = directory / f"{port}.toml"
    write_toml(path, config)
    child = Popen([sys.executable, "-m", "server", "serve", "--config", str(path)], stderr=stderr)
    try:
        yield port, psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(20)
