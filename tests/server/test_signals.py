import asyncio
import os
import signal
import subprocess
import sys

import pytest

from server.signals import reload_signal, stop_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_asks_to_stop(number: signal.Signals) -> None:
    with stop_signals() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await stop.wait()
    # Afterwards the signals do again what they did before.
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_second_signal_ends_the_process() -> None:
    script = """
import asyncio, os, signal
from server.signals import stop_signals
async def main():
    with stop_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        print("asked", flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
        print("still here", flush=True)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, b"asked\n")


async def test_a_hangup_asks_to_read_the_configuration_again() -> None:
    with reload_signal() as asked:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGHUP)
            async with asyncio.timeout(5):
                await asked.wait()
            asked.clear()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
