import os
import time
from collections.abc import Callable
from hashlib import sha256

_MAX_AGE_S = 1.0


class ThemesFolder:
    """The folder of the operator's own themes, as the serving process follows it: unread."""

    def __init__(self, path: str, *, now: Callable[[], float] = time.monotonic) -> None:
        """`path` empty: there is none."""
        self.path = path
        self._now = now
        self._stamp = ""
        self._looked_at = -_MAX_AGE_S

    def stamp(self) -> str:
        """Another one whenever a stylesheet was changed; seen a second later."""
        if self.path and self._now() - self._looked_at >= _MAX_AGE_S:
            self._looked_at = self._now()
            self._stamp = sha256(repr(self._facts()).encode()).hexdigest()
        return self._stamp

    def _facts(self) -> list[tuple[str, int, int]]:
        facts = []
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if entry.name.endswith(".css"):
                        seen = entry.stat()
                        facts.append((entry.name, seen.st_mtime_ns, seen.st_size))
        except OSError:  # a folder that is gone, or a file that goes just now
            return facts
        return sorted(facts)
