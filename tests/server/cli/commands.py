"""`wxgate` as its users run it."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

from typer.testing import CliRunner, Result

from server.cli import app


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
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *map(str, arguments)),
        env={**os.environ, **(env or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            stdout, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    print(stderr.decode(), file=sys.stderr)  # what is shown of a test that fails
    return Done(process.returncode, stdout.decode(), stderr.decode())
