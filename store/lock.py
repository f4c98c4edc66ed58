import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import GatewayError, Text

LOCK_FILE = "lock"


class DataDirInUse(GatewayError):
    """Another live process works on this data_dir."""

    code = "data_dir_in_use"
    message = Text(
        "数据目录 {path} 正被另一个进程使用（pid {pid}）",
        "the data_dir {path} is in use by another process (pid {pid})",
    )
    hint = Text(
        "先停掉那个进程，或换一个 server.data_dir；多实例请用 PostgreSQL",
        "stop that process or set another server.data_dir; several replicas need PostgreSQL",
    )


@contextmanager
def lock_data_dir(data_dir: Path) -> Iterator[None]:
    """Be the only process that works on `data_dir`. Raises DataDirInUse.

    The kernel drops the lock with the process, however that dies: whoever gets it knows that
    every earlier holder is gone.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / LOCK_FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            raise DataDirInUse(path=data_dir, pid=holder or "?") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)
