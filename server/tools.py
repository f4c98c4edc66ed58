"""Parts of a gateway that commands use on their own, while one may be running."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from accounts.account_secrets import AccountSecrets
from accounts.master_key import Sealer, load_master_key
from accounts.official import Accounts
from core.crash import no_crash
from core.errors import GatewayError
from proxy.capabilities import Prober
from proxy.tokens import TokenService
from server.app import open_wechat
from server.data_dir import make_data_dir
from server.doctor import Doctor
from server.examiner import open_examiner
from server.following import follow_accounts
from server.settings import Settings
from store.engine import Database, open_database
from store.migrate import require_current
from store.watch import Watcher

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_doctor(settings: Settings, config: Path | None = None) -> AsyncIterator[Doctor]:
    """The doctor on its own; it asks WeChat for a new token. `config` is the settings' file."""
    async with open_wechat(settings, None, no_crash) as wechat:
        try:
            await _read_accounts(settings, wechat.accounts, wechat.tokens)
        except GatewayError as exc:  # the doctor's own probes will say what is wrong
            log.info("accounts of the store not read", reason=exc.code)
        async with open_examiner(lambda: settings, wechat.ways, wechat.link, config) as doctor:
            yield doctor


async def _read_accounts(settings: Settings, accounts: Accounts, tokens: TokenService) -> None:
    directory = settings.server.data_dir
    make_data_dir(directory)
    sealer = Sealer(load_master_key(settings.secrets, directory))
    # SQLite's as it is: to bring it up to date is not for who only looks.
    async with open_database(settings.database, directory) as database:
        if not database.is_sqlite:
            await require_current(database)
        watcher = Watcher(database)
        await follow_accounts(watcher, database, AccountSecrets(sealer), accounts, tokens)


@asynccontextmanager
async def open_prober(
    settings: Settings, database: Database, master_key: bytes
) -> AsyncIterator[Prober]:
    """What finds out what accounts may do; it asks WeChat for a new token."""
    async with open_wechat(settings, None, no_crash) as wechat:
        secrets = AccountSecrets(Sealer(master_key))
        watcher = Watcher(database)
        await follow_accounts(watcher, database, secrets, wechat.accounts, wechat.tokens)
        await wechat.capabilities.load(database)
        yield Prober(database, wechat.calls, wechat.accounts, wechat.capabilities, clock=time.time)
