import asyncio
import os
import signal
import socket
import subprocess
import sys

import pytest

from server.leash import Leash, Word
from server.signals import reload_signal

_CHILD = """
import asyncio, socket, sys
from server.leash import Leash
from server.signals import stop_signals
async def main():
    with stop_signals() as stop, socket.socket(fileno=int(sys.argv[1])) as end:
        async with Leash(end, stop) as leash:
            await stop.wait()
            print("stopping", leash.broken, leash.replaced, flush=True)
            if sys.argv[2] == "slow":
                await asyncio.sleep(600)
asyncio.run(main())
"""


async def test_it_says_that_it_is_up_and_does_what_it_is_told() -> None:
    ours, theirs = socket.socketpair()
    stop = asyncio.Event()
    with ours, theirs, reload_signal() as reload:
        async with Leash(theirs, stop) as leash, asyncio.timeout(10):
            assert ours.recv(8) == Word.UP.value
            ours.send(Word.RELOAD.value)
            await reload.wait()
            assert not stop.is_set()
            leash.say(Word.RESTART)
            assert ours.recv(8) == Word.RESTART.value
            ours.send(Word.STOP.value)
            await stop.wait()
            assert (leash.broken, leash.replaced) == (False, False)


async def test_it_hears_that_another_has_its_place() -> None:
    ours, theirs = socket.socketpair()
    stop = asyncio.Event()
    with ours, theirs:
        async with Leash(theirs, stop) as leash, asyncio.timeout(10):
            ours.send(Word.LEAVE.value)
            await stop.wait()
            assert leash.replaced
            ours.send(Word.RELOAD.value)  # by now nobody listens to SIGHUP, which would kill
            await asyncio.sleep(0.1)


async def test_a_supervisor_that_is_gone_ends_it_in_order() -> None:
    ours, theirs = socket.socketpair()
    stop = asyncio.Event()
    with theirs:
        async with Leash(theirs, stop) as leash, asyncio.timeout(10):
            ours.close()
            await stop.wait()
            assert leash.broken
            leash.say(Word.RESTART)  # nobody hears it
    assert signal.alarm(0) > 0  # it would not have lived on for ever


@pytest.mark.parametrize("by", ["word", "signal and word"])
async def test_one_that_is_stopping_ends_at_once_with_its_supervisor(by: str) -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-c", _CHILD, str(theirs.fileno()), "slow"]
    child = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, pass_fds=[theirs.fileno()], env={**os.environ}
    )
    theirs.close()
    assert child.stdout is not None
    assert (await asyncio.to_thread(ours.recv, 1)) == Word.UP.value
    if by != "word":  # by systemd, which signals all processes of a service
        child.send_signal(signal.SIGTERM)
    ours.send(Word.STOP.value)
    assert await child.stdout.readline() == b"stopping False False\n"
    ours.close()
    async with asyncio.timeout(20):
        assert await child.wait() == -signal.SIGTERM
