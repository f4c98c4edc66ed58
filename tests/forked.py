"""Processes forked from one that has read our modules: that takes a second, a fork hundredths."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path

_READ = [
    *("server.cli", "server.app", "server.demo", "server.process"),
    *("alembic.command", "wxgate_client", "yaml"),
]


class Forked:
    """A process that runs `target(*arguments)`, to be handled like one of asyncio's.

    It has nothing of this process but its working directory and environment, and `env` in it.
    """

    def __init__(
        self,
        target: Callable[..., object],
        *arguments: object,
        env: Mapping[str, str] | None = None,
        stdout: Path | None = None,
        stderr: Path | None = None,
    ) -> None:
        surroundings = {**os.environ, **(env or {})}, Path.cwd(), stdout, stderr
        self._process = _readers().Process(
            target=_run, args=(surroundings, target, arguments), daemon=True
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; a signal's is negative."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int:
        """Its status, at its end."""
        while (code := self.returncode) is None:
            await asyncio.sleep(0.01)
        return code


@cache
def _readers() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(_READ)
    return context


def _run(
    surroundings: tuple[dict[str, str], Path, Path | None, Path | None],
    target: Callable[..., object],
    arguments: tuple[object, ...],
) -> None:
    env, directory, stdout, stderr = surroundings
    os.environ.clear()
    os.environ.update(env)
    os.chdir(directory)
    if stdout is not None:
        sys.stdout = stdout.open("w", encoding="utf-8")
        os.dup2(sys.stdout.fileno(), 1)
    if stderr is not None:
        sys.stderr = stderr.open("w", encoding="utf-8")
        os.dup2(sys.stderr.fileno(), 2)
    target(*arguments)
