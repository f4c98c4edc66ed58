"""Who calls, composed: clients of file and store, their sessions and tokens, uses of their keys."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from accounts.audit import AuditLog
from accounts.client_book import ClientBook
from accounts.client_keys import ClientKeys
from accounts.clients import Clients
from accounts.key_uses import KeyUses
from accounts.master_key import Sealer
from accounts.official import Accounts
from accounts.session_tokens import SessionTokens
from accounts.sessions import Sessions
from cache.keys import Keys
from cache.nonces import MemoryNonces, RedisNonces
from cache.redis import RedisLink
from cache.stats import CacheStatistics
from core.tasks import TaskSet
from proxy.auth import Authenticator, Checks
from proxy.body import BodyReader
from proxy.lockout import Lockout
from proxy.replay import ReplayGuard
from proxy.signature import SignatureVerifier
from proxy.signed_body import SignedBodies
from proxy.spool import open_spool
from proxy.virtual_tokens import VirtualTokens
from server.following import follow_clients
from server.settings import Settings
from store import revisions
from store.engine import Database
from store.watch import Watcher


@dataclass(frozen=True)
class Callers:
    """What tells who is calling, and lets that be changed."""

    clients: Clients
    authenticator: Authenticator
    virtual: VirtualTokens
    book: ClientBook
    sessions: Sessions
    lockout: Lockout


@asynccontextmanager
async def open_callers(
    settings: Settings,
    accounts: Accounts,
    watcher: Watcher,
    database: Database,
    master_key: bytes,
    audit: AuditLog,
) -> AsyncIterator[Callers]:
    """The callers, those of the store too; `watcher` keeps them level with it."""
    sealer = Sealer(master_key)
    clients = Clients(settings.clients)
    keys = ClientKeys(sealer, time.time)
    sessions = Sessions(database, clients, SessionTokens(master_key), audit)
    await follow_clients(watcher, database, keys, clients)
    watcher.on(revisions.SESSIONS, sessions.load)
    virtual = VirtualTokens(sealer, clients, revoked=sessions)
    uses = KeyUses(database)
    signatures = SignatureVerifier(clients.signing_keys, max_skew_s=settings.auth.max_skew_s)
    lockout = Lockout(settings.auth)
    authenticator = Authenticator(
        *(clients, accounts, virtual),
        checks=Checks(signatures, lockout),
        sessions=sessions.credential,
        note_use=uses.note,
    )
    book = ClientBook(
        *(database, keys, audit, clients),
        has_account=accounts.has,
        clock=time.time,
    )
    tasks = TaskSet()
    tasks.start(uses.run(), name="key uses")
    try:
        yield Callers(clients, authenticator, virtual, book, sessions, lockout)
    finally:
        await tasks.aclose()


def read_bodies(
    settings: Settings, caches: CacheStatistics, link: RedisLink | None
) -> tuple[SignedBodies, SignedBodies]:
    """What reads the bodies of our own API's calls, and those of relayed ones."""
    replays = replay_guard(settings, caches, link)
    spool = open_spool(
        settings.server.data_dir / "tmp", max_bytes=settings.relay.spool_max_mb * 1_000_000
    )
    ours = BodyReader(spool, max_body_mb=settings.jobs.max_request_mb)
    relayed = BodyReader(spool, max_body_mb=settings.relay.max_body_mb)
    return SignedBodies(ours, replays), SignedBodies(relayed, replays)


def replay_guard(
    settings: Settings, caches: CacheStatistics, link: RedisLink | None
) -> ReplayGuard:
    """What keeps a signed request from being taken twice, by any replica that shares the Redis."""
    life_s, register = settings.auth.max_skew_s, caches.register
    local = MemoryNonces(life_s, register)
    if link is None:
        return ReplayGuard(local)
    keys = Keys(settings.redis.prefix)
    return ReplayGuard(local, RedisNonces(link, keys, life_s, register))
