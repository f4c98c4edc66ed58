"""Follows what is edited: files are looked at, not subscribed to, which works everywhere."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from wxgate_client.folders import find_markdown
from wxgate_client.local_article import load_article

LOOK_EVERY_S = 0.5

# When a file was changed, how long it is, and which file it is: an editor may write another one
# and give it the name. None: there is none.
Stand = tuple[int, int, int] | None
Snapshot = dict[Path, Stand]


@dataclass(frozen=True)
class _Known:
    """An article as it was read: only one that changed is read again."""

    stand: Stand
    pictures: dict[Path, Stand]  # those that it names, there or not

    def holds(self, path: Path) -> bool:
        return _stand(path) == self.stand and all(
            _stand(picture) == stand for picture, stand in self.pictures.items()
        )


class Lookout:
    """Looks at the articles that `paths` mean, and at their pictures."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._known: dict[Path, _Known] = {}

    def look(self) -> Snapshot | None:
        """How all files stand; None while an editor is at one of them."""
        try:
            found = find_markdown(self._paths)
            self._known = {path: self._read(path) for path in found}
        except (OSError, UnicodeDecodeError):
            return None
        snapshot: Snapshot = {}
        for path, known in self._known.items():
            snapshot.update({path: known.stand, **known.pictures})
        return snapshot

    def _read(self, path: Path) -> _Known:
        known = self._known.get(path)
        if known is not None and known.holds(path):
            return known
        stand, article = _stand(path), load_article(path)
        absent = [path.parent / unquote(name) for name in article.missing]
        pictures = {file: _stand(file) for file in (*article.pictures.values(), *absent)}
        return _Known(stand, pictures)


def _stand(file: Path) -> Stand:
    with suppress(OSError, ValueError):
        stat = file.stat()
        return stat.st_mtime_ns, stat.st_size, stat.st_ino
    return None


async def edits(
    look: Callable[[], Snapshot | None], *, every_s: float = LOOK_EVERY_S
) -> AsyncGenerator[None, None]:
    """Now, and each time after the files have changed and then been still for a moment."""
    known = before = look()
    yield
    while True:
        await asyncio.sleep(every_s)
        now = look()
        if now is not None and now == before and now != known:
            known = now
            yield
        before = now
