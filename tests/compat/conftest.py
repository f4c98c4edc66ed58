import json
import os
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from PIL import Image

from tests.compat.installing import Installer
from tests.compat.table import Results, markdown, write
from tests.e2e.conftest import open_stand, stand

__all__ = ["open_stand", "stand"]  # fixtures: a whole gateway before a sandbox


@pytest.fixture(scope="session")
def installer(pytestconfig: pytest.Config) -> Installer:
    """Installs real clients, once."""
    cache = pytestconfig.cache
    assert cache is not None
    return Installer(Path(cache.mkdir("compat")))


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this machine's configuration."""
    for name in [name for name in os.environ if name.startswith("WXGATE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture that WeChat takes, of more than one chunk, in a folder of its own."""
    path = tmp_path / "tool" / "picture.png"
    path.parent.mkdir()
    Image.effect_noise((400, 300), 80).save(path)
    return path


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the table; write it too where COMPAT_TABLE is set, such as by `make compat`."""
    results: Results = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in getattr(report, "user_properties", ()):
            if name == "compat" and report.when == "call":
                client, wiring, found = json.loads(str(value))
                results[client, wiring] = found
    if not results:
        return
    terminalreporter.section("compatibility")
    terminalreporter.write_line(markdown(results))
    if os.environ.get("COMPAT_TABLE") and not write(results):
        terminalreporter.write_line("docs/compatibility.md stays: not all of it was tried")
