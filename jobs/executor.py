import os
from pathlib import Path

from core.ids import new_id

_PROC = Path("/proc")


class Executor:
    """This process as an owner of leases and intents, and what it can prove of other owners.

    A process that is only paused may still send what it was about to send. So whoever wants to
    send again must know that the first sender is gone, not just silent.
    """

    def __init__(self, *, alone: bool, proc: Path = _PROC) -> None:
        """`alone`: this process holds the lock of the data_dir, so every earlier owner is gone."""
        self.alone = alone
        self._proc = proc
        self._place, started = _myself(proc)
        self.id = f"{self._place}/{os.getpid()}/{started}"

    def can_send_no_more(self, owner: str) -> bool:
        """Whether `owner` is this very process, or provably does not exist any more.

        Provable is: whoever came before the holder of the lock; and a process of this machine
        and boot whose pid is free or was given to another one since.
        """
        if self.alone or owner == self.id:
            return True
        place, _, process = owner.rpartition("/")
        place, _, pid = place.rpartition("/")
        if place != self._place or not pid.isdecimal():
            return False
        try:
            return _started(self._proc, int(pid)) != process
        except (FileNotFoundError, ProcessLookupError):
            return _is_gone(int(pid))
        except OSError:  # such as no file descriptor left: that says nothing about the process
            return False


def _myself(proc: Path) -> tuple[str, str]:
    """The place of this process and its start; where they cannot be told, a place of its own."""
    try:
        return _place(proc), _started(proc, os.getpid())
    except OSError:
        return new_id("exec"), "unknown"


def _place(proc: Path) -> str:
    """The machine's boot and the pid namespace: within one, a pid means one process."""
    boot = (proc / "sys/kernel/random/boot_id").read_text("ascii").strip()
    return f"{boot}/{(proc / 'self/ns/pid').readlink()}"


def _started(proc: Path, pid: int) -> str:
    """When the process started, in clock ticks since the boot. Raises OSError."""
    stat = (proc / str(pid) / "stat").read_text("utf-8", "replace")
    # proc(5): the name, in brackets, may hold anything; starttime is field 22.
    return stat.rpartition(")")[2].split()[19]


def _is_gone(pid: int) -> bool:
    """Whether no process has that pid. Asked of the kernel: a /proc with hidepid shows too few."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
