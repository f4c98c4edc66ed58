"""`wxgate` as its users run it."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from typer.testing import CliRunner, Result

from server.cli import app, main
from tests.forked import Forked


def wxgate(*arguments: object, env: Mapping[str, str] | None = None, said: str = "") -> Result:
    """Run a command inside of the test's process; `said` is what a person types.

    Not for commands that set up logging: that is kept as long as the process lives.
    """
    return CliRunner().invoke(app, [str(given) for given in arguments], env=env, input=said)


class Done(NamedTuple):
    """A process that has ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


async def wxgate_process(*arguments: object, env: Mapping[str, str] | None = None) -> Done:
    """Run a command as a process of its own."""
    with TemporaryDirectory() as directory:
        stdout, stderr = Path(directory, "stdout"), Path(directory, "stderr")
        process = Forked(_main, *map(str, arguments), env=env, stdout=stdout, stderr=stderr)
        try:
            async with asyncio.timeout(60):
                exit_code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        print(stderr.read_text("utf-8"), file=sys.stderr)  # what is shown of a test that fails
        return Done(exit_code, stdout.read_text("utf-8"), stderr.read_text("utf-8"))


def _main(*arguments: str) -> None:
    sys.argv = ["wxgate", *arguments]
    main()
