import asyncio
import json
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import structlog

from content.words.entries import Entry, entries_of
from content.words.folder import ListFile, Problem, Stamp, read_file, stamps
from content.words.settings import WordSettings
from core.clock import Clock

log = structlog.get_logger(__name__)

_LOOK_S = 1.0  # a changed list counts for what is rendered so long after
_BUILTIN = "builtin"

# The lines that stand in an account's own settings, by its name.
OwnWords = Callable[[str], tuple[str, ...]]


class Lexicon(NamedTuple):
    """All lists that hold for an article, for a worker that has not seen them yet."""

    name: str  # changes with the lists; empty when there are none
    lists: bytes
    missing: tuple[str, ...] = ()  # lists that nobody could read since the start


class WordShelf:
    """The word lists in force, read from their folder and followed there.

    A list that cannot be read any more stays as it was; lines that say nothing are left out.
    """

    def __init__(
        self,
        settings: WordSettings,
        own: OwnWords = lambda _account: (),
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self._folder = Path(settings.folder) if settings.folder else None
        self._separators = settings.separators
        self._own = own
        self._clock = clock
        self._turn = asyncio.Lock()
        self._looked_at: float | None = None
        self._files: dict[str, ListFile] = {}
        self._missing: tuple[str, ...] = ()
        self._lost = False  # the folder itself cannot be read
        self._builtin = _builtin() if settings.builtin else []
        self._lexicons: dict[str | None, tuple[tuple[str, ...], Lexicon]] = {}

    async def lexicon(self, account: str | None = None) -> Lexicon:
        """The lists for an article of `account`; without one, those for every article."""
        await self._look()
        own = () if account is None else self._own(account)
        kept = self._lexicons.get(account)
        if kept is None or kept[0] != own:
            made = await asyncio.to_thread(self._lexicon, account, own)
            kept = self._lexicons[account] = (own, made)
        return kept[1]

    async def _look(self) -> None:
        """Take up what changed in the folder, if nobody looked within the last second."""
        async with self._turn:
            now = self._clock()
            if self._folder is None or (
                self._looked_at is not None and now - self._looked_at < _LOOK_S
            ):
                return
            files, missing = await asyncio.to_thread(self._read, self._folder)
            if files != self._files or missing != self._missing:
                self._files, self._missing = files, missing
                self._lexicons = {}
            self._looked_at = now

    def _read(self, folder: Path) -> tuple[dict[str, ListFile], tuple[str, ...]]:
        try:
            found = stamps(folder)
        except OSError as exc:
            if not self._lost:
                log.error("word lists unreadable", reason=exc.strerror)  # noqa: TRY400
            self._lost = True
            return self._files, () if self._files else (folder.name,)
        self._lost = False
        files = {name: self._file(folder, name, stamp) for name, stamp in found.items()}
        return files, tuple(name for name, file in files.items() if file.entries is None)

    def _file(self, folder: Path, name: str, stamp: Stamp) -> ListFile:
        before = self._files.get(name)
        if before is not None and before.stamp == stamp:
            return before
        file = read_file(folder, name, stamp)
        for problem in file.problems[:10]:
            _log(problem)
        if file.entries is None and before is not None:
            return file._replace(entries=before.entries)
        log.info("word list taken up", list=name)
        return file

    def _lexicon(self, account: str | None, own: tuple[str, ...]) -> Lexicon:
        lists = list(self._lists(account, own))
        if not lists:
            return Lexicon("", b"", self._missing)
        told = {"separators": self._separators, "lists": lists}
        written = json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return Lexicon(blake2b(written, digest_size=16).hexdigest(), written, self._missing)

    def _lists(
        self, account: str | None, own: tuple[str, ...]
    ) -> Iterator[tuple[str, list[Entry]]]:
        """By name, the nearest to the article last: where lists share a word, it counts."""
        if self._builtin:
            yield _BUILTIN, self._builtin
        for depth, folder in ((0, ""), (1, f"{account}/")):
            for name, file in self._files.items():
                if file.entries and name.count("/") == depth and name.startswith(folder):
                    yield name, file.entries
        if own:
            yield f"accounts.{account}", entries_of("\n".join(own))


def _builtin() -> list[Entry]:
    return entries_of((resources.files("content.words") / "builtin.txt").read_text("utf-8"))


def _log(problem: Problem) -> None:
    log.error("word list faulty", list=problem.list, problem=problem.what.en)
