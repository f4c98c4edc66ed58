"""What `wxgate` says of itself; server/cli/__init__.py."""

import re
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
import typer

from server.cli import app
from tests.server.cli.commands import wxgate


def _commands(group: Any, before: str = "") -> dict[str, Any]:
    """Each command by what is typed for it, such as "audit list"; groups too."""
    found = {}
    for name, command in group.commands.items():
        found[before + name] = command
        if hasattr(command, "commands"):
            found |= _commands(command, f"{before}{name} ")
    return found


COMMANDS = _commands(typer.main.get_command(app))
CHINESE = re.compile("[一-鿿]")


def test_the_version_is_told() -> None:
    done = wxgate("--version")
    assert (done.exit_code, done.stdout) == (0, f"wxgate {version('wxgate')}\n")


def test_the_first_steps_stand_in_the_help() -> None:
    told = wxgate("--help").stdout
    for step in ("wxgate demo", "wxgate init", "wxgate doctor", "wxgate serve"):
        assert step in told
    for command in COMMANDS:
        assert command.partition(" ")[0] in told


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_explained_in_both_languages_with_an_example(command: str) -> None:
    described = COMMANDS[command].help
    first = described.splitlines()[0]
    chinese, both, english = first.partition(" / ")
    assert both
    assert CHINESE.search(chinese)
    assert not CHINESE.search(english)
    assert f"wxgate {command}" in described.partition("例 / example:\n")[2]
    assert wxgate(*command.split(), "--help").exit_code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained_in_both_languages(command: str) -> None:
    for parameter in COMMANDS[command].params:
        if parameter.name != "help":
            _, both, english = parameter.help.partition(" / ")
            assert both, parameter.name
            assert not CHINESE.search(english), parameter.name


def test_help_loads_nothing_that_it_does_not_need() -> None:
    script = """
import sys
from typer.testing import CliRunner
from server.cli import app
assert CliRunner().invoke(app, ["serve", "--help"]).exit_code == 0
print(*sorted({"aiohttp", "server.settings", "sqlalchemy", "starlette", "structlog"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b""
