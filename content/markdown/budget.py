import contextlib
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_S = 0.02  # a library may swallow the first
_OWN_FILES = frozenset({__file__, contextlib.__file__})


class TimeUp(BaseException):
    """The time is over. No Exception: those that libraries catch must not hold it up."""


class Budget:
    """Processor time, and room, for what is drawn in an article: code, formulas, diagrams.

    Whatever does not come to its end in time is shown as it was typed, instead of the whole
    article being refused. Works in the main thread of a process only: it uses a signal, which
    reaches Python code and the regular expressions of `re`, but not other code in C.
    """

    def __init__(self, total_s: float, clock: Callable[[], float], *, chars: int) -> None:
        """`clock` tells processor time; `chars` of HTML may be drawn."""
        self._left_s = total_s
        self._left_chars = chars
        self._clock = clock

    def take_room(self, html: str) -> bool:
        """Whether there is room for `html`; then it is taken."""
        if len(html) > self._left_chars:
            return False
        self._left_chars -= len(html)
        return True

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Raise TimeUp in the block once it took `seconds`, or all that is left."""
        seconds = min(seconds, self._left_s)
        if seconds <= 0:
            raise TimeUp
        began = self._clock()
        before = signal.signal(signal.SIGVTALRM, _raise)
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN_S)
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
            self._left_s -= self._clock() - began


def _raise(_signum: int, frame: FrameType | None) -> None:
    # Not while the block is entered or left: the timer would never be stopped. It fires again.
    if frame is None or frame.f_code.co_filename not in _OWN_FILES:
        raise TimeUp
