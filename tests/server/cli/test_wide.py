"""Help for terminals of 80 columns; server/cli/wide.py."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("command", "whole"),
    [
        ("schedules add", "draft: its media_id"),
        ("publish", "the draft too"),
        ("jobs show", "configuration file,"),
        ("clients", "who may"),
    ],
)
def test_no_word_of_the_help_is_lost_at_80_columns(command: str, whole: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from server.cli import main; main()", *command.split(), "--help"],
        env={**os.environ, "COLUMNS": "80", "TERMINAL_WIDTH": "80", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    assert "… │" not in told
    lines = [line.strip("│ ") for line in told.splitlines()]
    assert whole in " ".join(" ".join(lines).split())
