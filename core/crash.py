from typing import Protocol


class CrashPoint(Protocol):
    """A named place where a test may kill the process; does nothing in production."""

    def __call__(self, name: str, /) -> None:
        """Pass the place called `name`."""
        ...


def no_crash(_name: str, /) -> None:
    """The CrashPoint of every process that was not started to be killed."""
