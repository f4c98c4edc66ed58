import secrets
import time
from dataclasses import dataclass
from typing import Any

from core.clock import Clock
from sandbox import models
from sandbox.ledger import Calls, Ledger
from sandbox.settings import SandboxAccount, SandboxSettings
from sandbox.store import Blobs, Shelf, open_database


class MovableClock:
    """The sandbox's time: runs with `base`, and jumps ahead when told to."""

    def __init__(self, base: Clock = time.time) -> None:
        self._base = base
        self.ahead_s = 0.0

    def __call__(self) -> float:
        """Unix time, seconds."""
        return self._base() + self.ahead_s


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the next publications of a draft come to."""

    publish_status: int = 0
    publish_s: float | None = None  # None: as in the settings
    errcode: int = 0  # other than 0: submit itself is refused with it


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What becomes of the events that are pushed from now on."""

    copies: int = 1  # each is sent so often
    delay_s: float = 0.0  # and so late
    lost: bool = False  # or not at all


class World:
    """All state of the sandbox."""

    def __init__(self, settings: SandboxSettings, now: Clock = time.time) -> None:
        self.settings = settings
        self.clock = MovableClock(now)
        self.base_url = ""  # of the running server; article pages live under it
        self._database = open_database(settings.data_dir)
        self._accounts = {account.app_id: account for account in settings.accounts}
        self.ledger = Ledger(self._database, self.clock)
        self.calls = Calls()
        self.blobs = Blobs(self._database)
        self.tokens = Shelf(self._database, "token", models.Token)
        self.token_days = Shelf(self._database, "token_day", models.TokenDay)
        self.usage = Shelf(self._database, "usage", models.Usage)
        self.materials = Shelf(self._database, "material", models.Material)
        self.media = Shelf(self._database, "media", models.TemporaryMedia)
        self.drafts = Shelf(self._database, "draft", models.Draft)
        self.publications = Shelf(self._database, "publication", models.Publication)
        self.pages = Shelf(self._database, "page", models.Page)
        self.menus = Shelf(self._database, "menu", models.Menu)
        self.mass = Shelf(self._database, "mass", models.MassMessage)
        self.product_cards = Shelf(self._database, "product_card", models.ProductCard)
        self.outcomes: dict[str, Outcome] = {}  # by media_id; "*": of every draft
        self.pushes = PushPlan()

    def account(self, app_id: str) -> SandboxAccount | None:
        """The account with this AppID."""
        return self._accounts.get(app_id)

    def new_id(self, length: int) -> str:
        """A random URL-safe text of exactly `length` characters."""
        return secrets.token_urlsafe(length)[:length]

    def reset(self) -> None:
        """Forget everything but the settings."""
        shelves: list[Shelf[Any]] = [
            *(self.tokens, self.token_days, self.usage, self.materials, self.media),
            *(self.drafts, self.publications, self.pages, self.menus, self.product_cards),
            self.mass,
        ]
        for shelf in shelves:
            shelf.clear()
        self.ledger.clear()
        self.calls.clear()
        self.blobs.clear()
        self.outcomes.clear()
        self.pushes = PushPlan()
        self.clock.ahead_s = 0.0

    def close(self) -> None:
        """Close the database."""
        self._database.close()
