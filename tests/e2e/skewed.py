"""wxgate on a host whose clock is wrong: python -m tests.e2e.skewed SECONDS …"""

import sys
import time


def skewed_by(seconds: float) -> tuple[str, ...]:
    """The program whose clock is ahead by so much; arguments are wxgate's."""
    return sys.executable, "-m", "tests.e2e.skewed", str(seconds)


def main() -> None:
    real, ahead_s = time.time, float(sys.argv[1])
    # Before anything of ours is imported: all of it takes the time from there.
    time.time = lambda: real() + ahead_s
    from server.cli import main as wxgate

    sys.argv[:2] = ["wxgate"]
    wxgate()


if __name__ == "__main__":
    main()
