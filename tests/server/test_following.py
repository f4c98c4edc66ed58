"""An account made in the store works in a running gateway; server/following.py."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from accounts.account_forms import AccountChanges
from accounts.account_secrets import AccountSecrets
from accounts.master_key import Sealer
from accounts.official import Accounts, UnknownAccount
from proxy.upstream import UpstreamSettings
from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from server.following import follow_accounts, following
from store.engine import Database
from store.watch import Watcher
from tests.accounts.account_books import EDITOR, KEY, open_shelf
from tests.gateway import MAIN, Setup, open_gateway


async def test_a_new_account_is_followed_and_a_new_secret_drops_its_token(
    database: Database, tmp_path: Path
) -> None:
    shelf, accounts = open_shelf(database), Accounts([])
    watcher = Watcher(database, interval_s=0.02)
    async with run_sandbox(SandboxSettings()) as wechat:
        upstream = UpstreamSettings(base_urls=(wechat.url,), timeout_s=2)
        async with open_gateway(Setup(upstream, tmp_path)) as gateway:
            secrets = AccountSecrets(Sealer(KEY))
            await follow_accounts(watcher, database, secrets, accounts, gateway.tokens)
            async with following(watcher), asyncio.timeout(20):
                await shelf.book.add(MAIN, EDITOR)
                while not len(accounts):
                    await asyncio.sleep(0.01)
                first = await gateway.tokens.get(accounts.get("main"))
                shelf.now = first.fetched_at + 0.001
                changes = AccountChanges(app_secret=SecretStr(MAIN.app_secret.get_secret_value()))
                await shelf.book.change("main", changes, EDITOR)
                while (await gateway.tokens.get(accounts.get("main"))).epoch == first.epoch:
                    await asyncio.sleep(0.01)
                await shelf.book.remove("main", EDITOR)
                while len(accounts):
                    await asyncio.sleep(0.01)
    with pytest.raises(UnknownAccount):
        accounts.get("main")
