"""wxgate, whose time runs ahead by the seconds that a file says: python -m tests.e2e.ahead FILE …

The file holds one double; whoever writes another one moves the clock of the running process.
"""

import mmap
import struct
import sys
import time
from pathlib import Path


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


def main() -> None:
    with Path(sys.argv[1]).open("r+b") as file:
        said = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    real = time.time
    # Before anything of ours is imported: all of it takes the time from there.
    time.time = lambda: real() + struct.unpack_from("d", said)[0]
    from server.cli import main as wxgate

    sys.argv[:2] = ["wxgate"]
    wxgate()


if __name__ == "__main__":
    main()
