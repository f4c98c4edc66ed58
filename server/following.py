"""What this process holds of the store, kept level with it."""

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Never

from accounts.account_secrets import AccountSecrets
from accounts.channel_secrets import channel_aad
from accounts.client_keys import ClientKeys
from accounts.clients import Clients
from accounts.master_key import Sealer
from accounts.official import Accounts
from accounts.stored_accounts import StoredAccounts
from accounts.stored_clients import StoredClients
from core.tasks import TaskSet
from notify.channels import Channels
from notify.stored_channels import StoredChannels
from proxy.capabilities import Capabilities, Prober
from proxy.tokens import TokenService
from store import revisions
from store.channels import ChannelRow
from store.engine import Database
from store.watch import Watcher


async def follow_accounts(
    watcher: Watcher,
    database: Database,
    secrets: AccountSecrets,
    accounts: Accounts,
    tokens: TokenService,
) -> None:
    """The accounts of the store are there before anybody works with them.

    Tokens that were fetched with an earlier AppSecret are dropped.
    """

    def secret_since(app_id: str, since: float) -> None:
        tokens.forget(app_id, before=since)

    stored = StoredAccounts(database, secrets, accounts, secret_since)
    watcher.on(revisions.ACCOUNTS, stored.load)
    await watcher.refresh()


async def follow_clients(
    watcher: Watcher, database: Database, keys: ClientKeys, clients: Clients
) -> None:
    """The clients of the store are there before anybody asks what they may do."""
    watcher.on(revisions.CLIENTS, StoredClients(database, keys, clients).load)
    await watcher.refresh()


def follow_capabilities(watcher: Watcher, database: Database, capabilities: Capabilities) -> None:
    """What one process found out about an account, all know."""
    watcher.on(revisions.CAPABILITIES, partial(capabilities.load, database))


async def follow_channels(
    watcher: Watcher, database: Database, sealer: Sealer, channels: Channels
) -> None:
    """The channels of the store are there before anything is sent by one."""

    def opens(row: ChannelRow) -> bytes | None:
        return sealer.open(row.sealed, aad=channel_aad(row.name))

    watcher.on(revisions.CHANNELS, StoredChannels(database, opens, channels).load)
    await watcher.refresh()


@asynccontextmanager
async def following(watcher: Watcher) -> AsyncIterator[None]:
    """All of it is read before the first request, and followed from then on."""
    await watcher.refresh()
    async with in_background(watcher.run(), name="store watcher"):
        yield


@asynccontextmanager
async def probing(prober: Prober, *, by_itself: bool) -> AsyncIterator[Prober]:
    """What asks WeChat what accounts may do; once a day by itself where that is wanted."""
    if not by_itself:
        yield prober
        return
    async with in_background(prober.run(), name="probe accounts"):
        yield prober


@asynccontextmanager
async def in_background(work: Coroutine[Any, Any, Never], *, name: str) -> AsyncIterator[None]:
    """`work` goes on until the block ends."""
    tasks = TaskSet()
    tasks.start(work, name=name)
    try:
        yield
    finally:
        await tasks.aclose()
