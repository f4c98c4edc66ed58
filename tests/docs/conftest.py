import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.settings import VERIFIED
from tests.conftest import free_port

ROOT = Path(__file__).parent.parent.parent
SAMPLE_PICTURE = ROOT / "sandbox" / "sample" / "tokens.png"
_UP_WITHIN_S = 30
_DOWN_WITHIN_S = 30
_SOURCES = os.pathsep.join(map(str, (ROOT, ROOT / "clients" / "python")))


@dataclass(frozen=True)
class Running:
    """A sandbox, a gateway on it, and what a reader of the documentation has by then."""

    sandbox_port: int
    gateway_port: int
    key: str
    config: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def data_dir(self) -> Path:
        return self.config.parent / "var"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Sandbox and gateway, started by the very commands of the documentation."""
    home = tmp_path_factory.mktemp("docs")
    sandbox_port, gateway_port = free_port(), free_port()
    environment = plain_environment(sandbox_port, gateway_port)
    with started(["wxgate", "sandbox", "--listen", f"127.0.0.1:{sandbox_port}"], environment, home):
        wait_for(sandbox_port)
        subprocess.run(
            ["wxgate", "init", "--app-id", VERIFIED.app_id],
            check=True,
            cwd=home,
            env={**environment, "WXGATE_APP_SECRET": VERIFIED.app_secret},
            stdout=subprocess.DEVNULL,
        )
        config = home / "config.toml"
        key = next(word for word in config.read_text("utf-8").split('"') if word[:4] == "wxg_")
        with started(["wxgate", "serve"], environment, home):
            wait_for(gateway_port)
            time.sleep(1.05)  # what is signed in the very second of its start is stale
            yield Running(sandbox_port, gateway_port, key, config)


def plain_environment(sandbox_port: int, gateway_port: int) -> dict[str, str]:
    """A reader's environment; what points the gateway at the sandbox is in no page."""
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": _SOURCES,  # wherever `wxgate` was installed from
        "LANG": "zh_CN.UTF-8",
        "PYTHONUTF8": "1",
        "NO_PROXY": "127.0.0.1",
        "WXGATE_SERVER__LISTEN": f"127.0.0.1:{gateway_port}",
        "WXGATE_UPSTREAM__BASE_URLS": f'["http://127.0.0.1:{sandbox_port}"]',
        "WXGATE_JOBS__FIRST_POLL_S": "[1, 2, 5]",
        "WXGATE_LOG__LEVEL": "warning",
    }


@contextmanager
def started(
    command: list[str], environment: dict[str, str], directory: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The command in the background; ended by SIGTERM, which it must obey."""
    executable = shutil.which(command[0], path=environment["PATH"])
    assert executable is not None, f"no {command[0]} beside this Python"
    process = subprocess.Popen(
        [executable, *command[1:]], cwd=directory, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_DOWN_WITHIN_S)


def wait_for(port: int) -> None:
    """Until somebody listens there."""
    deadline = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")
