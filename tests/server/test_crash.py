import os
import signal
import subprocess
import sys

from core.crash import no_crash
from proxy.upstream import UpstreamSettings
from server.crash import VARIABLE, armed_crash
from server.settings import Settings

SANDBOX = Settings(upstream=UpstreamSettings(base_urls=("http://127.0.0.1:9",)))


def test_nothing_is_armed_by_default_or_in_front_of_wechat() -> None:
    assert armed_crash(SANDBOX, {}) is no_crash
    assert armed_crash(Settings(), {VARIABLE: "claim.before"}) is no_crash
    mixed = UpstreamSettings(base_urls=("http://127.0.0.1:9", "https://api.weixin.qq.com"))
    assert armed_crash(Settings(upstream=mixed), {VARIABLE: "claim.before"}) is no_crash


SCRIPT = """
from proxy.upstream import UpstreamSettings
from server.crash import armed_crash
from server.settings import Settings
upstream = UpstreamSettings(base_urls=("http://127.0.0.1:9",))
crash = armed_crash(Settings(upstream=upstream), {{"{name}": "{value}"}})
crash("claim.before")
print("alive", flush=True)
crash("claim.after")
print("still alive", flush=True)
"""


def test_an_armed_process_dies_at_the_named_point_alone() -> None:
    script = SCRIPT.format(name=VARIABLE, value="claim.after")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.splitlines()[-1] == b"alive"


def test_or_sleeps_there_until_it_is_woken() -> None:
    script = SCRIPT.format(name=VARIABLE, value="claim.after SIGSTOP")
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    _pid, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    told, _ = process.communicate()
    assert told.splitlines()[-1] == b"still alive"
