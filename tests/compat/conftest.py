import os
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from PIL import Image

from tests.compat.installing import Installer
from tests.compat.table import RESULTS, markdown, write
from tests.e2e.conftest import open_stand, stand

__all__ = ["open_stand", "stand"]  # fixtures: a whole gateway before a sandbox

_MARK = "compat"


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
    """A picture that WeChat takes."""
    path = tmp_path / "picture.png"
    Image.new("RGB", (64, 48), "teal").save(path)
    return path


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what came of each check that a test named as (client, wiring, check)."""
    for name, value in report.user_properties:
        if name == _MARK and (report.when == "call" or report.skipped):
            client, wiring, check = str(value).split("|")
            RESULTS[client, wiring, check] = report.outcome


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the table; write it too where COMPAT_TABLE is set, such as by `make compat`."""
    if RESULTS:
        terminalreporter.section("compatibility")
        terminalreporter.write_line(markdown(RESULTS))
        if os.environ.get("COMPAT_TABLE"):
            write(RESULTS)
