"""wxgate, whose time runs ahead by the seconds that a file says: python -m tests.e2e.ahead FILE …

The file holds one double; whoever writes another one moves the clock of the running process.
"""

import mmap
import struct
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any


def write_ahead(path: Path, seconds: float) -> None:
    """Move the clock."""
    if not path.exists():
        path.write_bytes(bytes(8))
    with path.open("r+b") as file:
        file.write(struct.pack("d", seconds))


def ahead_by(path: Path) -> tuple[str, ...]:
    """The program that reads the file at `path`; arguments are wxgate's."""
    write_ahead(path, 0)
    return sys.executable, "-m", "tests.e2e.ahead", str(path)


def _move_time(ahead_s: Callable[[], float]) -> None:
    """That of the process, and what it takes for PostgreSQL's and for Redis': they run on as they
    are."""
    real = time.time
    # Before anything of ours is imported: all of it takes the time from there.
    time.time = lambda: real() + ahead_s()
    from cache.redis_tokens import RedisTokenStore
    from store import clock, tokens
    from store.engine import Database

    class Ahead(clock.StoreClock):
        def __init__(self, database: Database) -> None:
            super().__init__(database, wall=real)

        def __call__(self) -> float:
            return super().__call__() + ahead_s()

    clock.StoreClock = Ahead  # type: ignore[assignment,misc]
    now = tokens._now
    tokens._now = lambda: now() + ahead_s()
    run = RedisTokenStore._run

    def run_ahead(
        self: RedisTokenStore, app_id: str, script: str, keys: list[str], values: list[Any]
    ) -> Coroutine[Any, Any, Any]:
        # Epochs made without Redis are of the process's time.
        moved = script.replace("now[1] * 1000", f"(now[1] + {ahead_s()}) * 1000")
        return run(self, app_id, moved, keys, values)

    RedisTokenStore._run = run_ahead  # type: ignore[method-assign]


def main() -> None:
    with Path(sys.argv[1]).open("r+b") as file:
        said = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    _move_time(lambda: struct.unpack_from("d", said)[0])
    from server.cli import main as wxgate

    sys.argv[:2] = ["wxgate"]
    wxgate()


if __name__ == "__main__":
    main()
