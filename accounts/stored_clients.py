from collections.abc import Iterable, Iterator

import structlog

from accounts.client_forms import StoredSettings
from accounts.client_keys import ClientKeys
from accounts.client_views import is_usable
from accounts.clients import Client, ClientRecord, Clients
from store import clients as rows
from store.clients import ClientRow, KeyRow
from store.engine import Database

log = structlog.get_logger(__name__)


class StoredClients:
    """Brings a directory level with the store."""

    def __init__(self, database: Database, keys: ClientKeys, clients: Clients) -> None:
        self._database = database
        self._keys = keys
        self._clients = clients

    async def load(self) -> None:
        """Hand the store's clients to the directory, in place of those it had before."""
        async with self._database.read() as connection:
            clients, keys = await rows.clients(connection), await rows.keys(connection)
        self._clients.replace_stored(self._records(clients, keys))

    def _records(
        self, clients: Iterable[ClientRow], keys: Iterable[KeyRow]
    ) -> Iterator[ClientRecord]:
        of_client: dict[str, list[KeyRow]] = {}
        for key in keys:
            of_client.setdefault(key.client_id, []).append(key)
        for row in clients:
            if not is_usable(row):
                log.error("stored client unusable", client=row.id)
                continue
            settings = StoredSettings(**row.settings).model_dump(exclude={"signing"})
            held = tuple(map(self._keys.held, of_client.get(row.id, ())))
            yield ClientRecord(Client(id=row.id, **settings), held, row.disabled)
