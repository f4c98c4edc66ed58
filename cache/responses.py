import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cachetools import LRUCache

from cache.stats import CacheStats, Fill
from core.clock import Clock

ANY_FAMILY = "*"  # a write that may have touched anything
LOCAL = "local "  # begins the generations of a process's memory
_OVERHEAD_BYTES = 500  # of an entry in memory, beside its text


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A successful answer of WeChat's, whole."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    life_s: float

    @property
    def size(self) -> int:
        """About what it takes in memory."""
        headers = sum(len(name) + len(value) for name, value in self.headers)
        return len(self.body) + headers + _OVERHEAD_BYTES


class Place(NamedTuple):
    """Where an answer is kept."""

    app_id: str
    family: str  # what a write that touches the answer belongs to
    digest: str  # 64 hex digits of all that the answer depends on


class Found(NamedTuple):
    """What a look-up tells."""

    generation: str  # of the account and family; whoever fills the place hands it back
    response: StoredResponse | None = None
    age_s: float = 0.0


class ResponseStore(Protocol):
    """Keeps answers until they expire or a write touches their family.

    A fill names the generation that its look-up saw, so that an answer read before a write never
    lands after it.
    """

    async def find(self, place: Place) -> Found:
        """The answer kept at `place`, if it is still good."""
        ...

    async def put(self, place: Place, generation: str, response: StoredResponse) -> bool:
        """Keep `response`; False if a write came between, or it does not fit."""
        ...

    async def outdate(self, app_id: str, family: str) -> None:
        """A write has touched `family` of the account; ANY_FAMILY: all of them."""
        ...

    async def clear(self, app_id: str) -> None:
        """Forget all answers of the account."""
        ...


class _Kept(NamedTuple):
    response: StoredResponse
    generation: str
    stored_at: float  # monotonic


class _Shelf(LRUCache[str, _Kept]):
    """One account's answers, the last used ones up to so many bytes."""

    def __init__(self, max_bytes: int, evicted: Callable[[], None]) -> None:
        super().__init__(max_bytes, getsizeof=lambda kept: kept.response.size)
        self._evicted = evicted

    def popitem(self) -> tuple[str, _Kept]:
        item = super().popitem()
        self._evicted()
        return item


class MemoryResponses:
    """A ResponseStore of one process: so many bytes in all, and so many for one account.

    Where all is full, the account that takes most gives way: none can push out the others.
    `max_life_s` bounds how long a write of another process stays unseen.
    """

    def __init__(
        self,
        register: Callable[[str, str, Callable[[], Fill]], CacheStats],
        *,
        max_bytes: int,
        account_bytes: int,
        max_life_s: float = math.inf,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._account_bytes = min(account_bytes, max_bytes)
        self._max_life_s = max_life_s
        self._monotonic = monotonic
        self._shelves: dict[str, _Shelf] = {}
        self._generations: dict[tuple[str, str], int] = {}
        self._stats = register("response", "memory", self._fill)

    def _fill(self) -> Fill:
        entries = sum(len(shelf) for shelf in self._shelves.values())
        return Fill(entries, self._bytes(), self._max_bytes)

    def _bytes(self) -> int:
        return sum(int(shelf.currsize) for shelf in self._shelves.values())

    async def find(self, place: Place) -> Found:
        """The answer kept at `place`, if it is still good."""
        generation = self._generation(place)
        shelf = self._shelves.get(place.app_id)
        kept = shelf.get(place.digest) if shelf is not None else None
        if shelf is None or kept is None:
            self._stats.count("miss", place.app_id)
            return Found(generation)
        age_s = self._monotonic() - kept.stored_at
        expired = age_s >= min(kept.response.life_s, self._max_life_s)
        if expired or kept.generation != generation:
            del shelf[place.digest]
            if expired:
                self._stats.count("expiration", place.app_id)
            self._stats.count("miss", place.app_id)
            return Found(generation)
        self._stats.count("hit", place.app_id)
        return Found(generation, kept.response, age_s)

    async def put(self, place: Place, generation: str, response: StoredResponse) -> bool:
        """Keep `response`, unless a write came between."""
        if generation != self._generation(place) or response.size > self._account_bytes:
            return False
        shelf = self._shelves.get(place.app_id)
        if shelf is None:
            shelf = self._shelves[place.app_id] = self._new_shelf(place.app_id)
        shelf[place.digest] = _Kept(response, generation, self._monotonic())
        self._stats.count("set", place.app_id)
        while self._bytes() > self._max_bytes:
            max(self._shelves.values(), key=lambda shelf: shelf.currsize).popitem()
        return True

    def _new_shelf(self, app_id: str) -> _Shelf:
        return _Shelf(self._account_bytes, lambda: self._stats.count("eviction", app_id))

    async def outdate(self, app_id: str, family: str) -> None:
        """A write has touched `family` of the account."""
        key = (app_id, family)
        self._generations[key] = self._generations.get(key, 0) + 1

    async def clear(self, app_id: str) -> None:
        """Forget all answers of the account; fills under way do not land either."""
        self._shelves.pop(app_id, None)
        await self.outdate(app_id, ANY_FAMILY)

    def _generation(self, place: Place) -> str:
        of_all = self._generations.get((place.app_id, ANY_FAMILY), 0)
        of_family = self._generations.get((place.app_id, place.family), 0)
        return f"{LOCAL}{of_all}.{of_family}"
