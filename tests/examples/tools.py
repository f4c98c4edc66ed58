"""Programs that the examples are written for."""

import os
import shutil

import pytest


def needs(*commands: str) -> pytest.MarkDecorator:
    """Skips a test whose programs are not installed, but not in CI: there they must be."""
    missing = [command for command in commands if shutil.which(command) is None]
    skip = bool(missing) and not os.environ.get("CI")
    return pytest.mark.skipif(skip, reason=f"not installed: {', '.join(missing)}")
