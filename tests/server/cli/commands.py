"""`wxgate` as its users run it, inside of the test's process."""

import asyncio
from collections.abc import Mapping

from typer.testing import CliRunner, Result

from server.cli import app


def wxgate(*arguments: object, env: Mapping[str, str] | None = None, said: str = "") -> Result:
    """Run a command to its end; `said` is what a person types."""
    return CliRunner().invoke(app, [str(given) for given in arguments], env=env, input=said)


async def wxgate_beside(*arguments: object, env: Mapping[str, str] | None = None) -> Result:
    """The same while the test's event loop goes on: a gateway in it can answer."""
    return await asyncio.to_thread(wxgate, *arguments, env=env)
