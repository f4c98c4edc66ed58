"""What the tests of stored clients share."""

from typing import Any

from accounts.audit import AuditLog
from accounts.client_book import ClientBook
from accounts.client_forms import NewClient
from accounts.client_keys import ClientKeys
from accounts.clients import Client, Clients
from accounts.edits import Editor
from accounts.master_key import Sealer
from accounts.stored_clients import StoredClients
from store.engine import Database

MASTER_KEY = b"k" * 32
NOW = 1_795_300_000.0
OPS = Editor("client:ops", "req_1", "10.0.0.1")
FILE_KEY = "wxg_blog_0123456789abcdefghijklmn"


class Time:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Shelf:
    """A book over a store, and the directory of the same process."""

    def __init__(self, database: Database, time: Time, *, master_key: bytes = MASTER_KEY) -> None:
        self.time = time
        self.database = database
        in_file = Client.model_validate(
            {"id": "blog", "key": FILE_KEY, "accounts": ["main"], "scopes": ["draft"]}
        )
        self.clients = Clients([in_file], clock=time)
        self.audit = AuditLog(database, MASTER_KEY, clock=time)
        keys = ClientKeys(Sealer(master_key), time)
        self._stored = StoredClients(database, keys, self.clients)
        self.book = ClientBook(
            *(database, keys, self.audit, self.clients),
            has_account=lambda name: name in ("main", "second"),
            clock=time,
        )

    async def load(self) -> None:
        await self._stored.load()

    async def add(self, client_id: str = "shop", **changes: Any) -> str:
        """A new client that the directory knows; its key."""
        key = await self.book.add(new(client_id, **changes), OPS)
        await self.load()
        return key


def new(client_id: str = "shop", **changes: Any) -> NewClient:
    fields = {"id": client_id, "accounts": ["main"], "scopes": ["relay:read", "draft"], **changes}
    return NewClient.model_validate(fields)
