import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from accounts.client_keys import ClientKeys
from accounts.clients import Clients
from accounts.master_key import Sealer, SecretsSettings, load_master_key
from accounts.stored_clients import StoredClients
from store import jobs, schedules
from store.engine import DatabaseSettings, open_database
from store.jobs import JobRow
from store.migrate import migrate
from store.schedules import ScheduleRow
from tests.server.cli.commands import Done, wxgate_process
from tests.store.rows import job_row
from tests.store.test_schedules import row as schedule_row

FILE_KEY = "wxg_blog_0123456789abcdefghijklmn"


class Store:
    """The configured store, as the commands and as a gateway see it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        accounts = [{"name": "main", "app_id": "wx0123456789abcdef", "app_secret": "secret"}]
        in_file = {"id": "blog", "key": FILE_KEY, "accounts": ["main"], "scopes": ["draft"]}
        self.env = {
            "WXGATE_DATABASE__URL": url,
            "WXGATE_SERVER__DATA_DIR": str(folder),
            "WXGATE_ACCOUNTS": json.dumps(accounts),
            "WXGATE_CLIENTS": json.dumps([in_file]),
        }

    async def run(self, *arguments: object) -> Done:
        return await wxgate_process("clients", *arguments, env=self.env)

    async def json(self, *arguments: object) -> Any:
        done = await self.run(*arguments, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    async def hold(self, held: list[JobRow], timed: list[ScheduleRow]) -> None:
        """Jobs and schedules that are in the store."""
        settings = DatabaseSettings(url=SecretStr(self.url))
        async with (
            open_database(settings, self.folder) as database,
            database.write() as connection,
        ):
            await jobs.insert_all(connection, held)
            for row in timed:
                await schedules.insert(connection, row)

    async def clients(self) -> Clients:
        """The directory of a gateway on that store."""
        settings = DatabaseSettings(url=SecretStr(self.url))
        sealer = Sealer(load_master_key(SecretsSettings(), self.folder))
        clients = Clients([])
        async with open_database(settings, self.folder) as database:
            await StoredClients(database, ClientKeys(sealer, lambda: 0), clients).load()
        return clients


@pytest.fixture
async def store(database_url: str, tmp_path: Path) -> Store:
    async with open_database(DatabaseSettings(url=SecretStr(database_url)), tmp_path) as database:
        await migrate(database)
    return Store(database_url, tmp_path)


async def test_a_client_comes_changes_its_key_and_goes(store: Store) -> None:
    done = await store.run("add", "shop", "--scope", "draft", "--scope", "stats")
    assert (done.exit_code, done.stderr) == (0, "")
    key = done.stdout.split()[done.stdout.split().index("made") + 1]
    found = (await store.clients()).by_key(key)
    assert found is not None
    assert (found.client.accounts, sorted(found.client.scopes)) == (("main",), ["draft", "stats"])

    rotated = await store.json("rotate", "shop", "--overlap", "2h")
    clients = await store.clients()
    assert clients.signing_keys("shop") == [rotated["key"].encode(), key.encode()]

    (old,) = [each["id"] for each in rotated["keys"] if each["expires_at"]]
    await store.json("revoke", "shop", old)
    clients = await store.clients()
    assert clients.by_key(key) is None
    assert clients.by_key(rotated["key"]) is not None

    assert (await store.json("disable", "shop"))["disabled"] is True
    assert (await store.clients()).by_id("shop") is None
    assert (await store.json("enable", "shop"))["disabled"] is False
    assert (await store.clients()).by_id("shop") is not None

    assert (await store.run("remove", "shop", "--yes")).exit_code == 0
    assert [each["id"] for each in await store.json("list")] == ["blog"]
    logged = await wxgate_process("audit", "list", "--json", env=store.env)
    entries = [json.loads(line) for line in logged.stdout.splitlines()]
    assert len(entries) == 6
    assert all(entry["actor"].startswith("cli:") for entry in entries)


async def test_every_option_says_what_it_is_about(store: Store) -> None:
    options = (
        *("--scope", "draft", "--account", "main", "--allow-ip", "10.0.0.0/8"),
        *("--allow-ip", "fd00::/8", "--expires", "2099-12-31", "--rate-limit", "5/minute"),
        *("--no-signing", "--approve-publish", "--enhance", "images", "--enhance", "explain"),
    )
    made = await store.json("add", "shop", *options)
    del made["key"], made["keys"], made["created_at"], made["updated_at"]
    assert made == {
        "id": "shop",
        "accounts": ["main"],
        "scopes": ["draft"],
        "allow_ips": ["10.0.0.0/8", "fd00::/8"],
        "expires_at": "2099-12-30T16:00:00Z",
        "rate_limit": "5/minute",
        "limits": {},
        "max_concurrent": 100,
        "signing": False,
        "approve_publish": True,
        "enhance": ["explain", "images"],
        "source": "store",
        "disabled": False,
        "version": 1,
    }
    changed = await store.json("change", "shop", "--scope", "stats", "--expires", "never")
    assert (changed["scopes"], changed["expires_at"]) == (["stats"], None)
    assert (changed["rate_limit"], changed["signing"]) == ("5/minute", False)
    assert (await store.json("change", "shop", "--enhance", "off"))["enhance"] == []


async def test_who_stops_a_client_is_told_what_of_it_is_not_over(store: Store) -> None:
    await store.json("add", "shop", "--scope", "draft")
    assert (await store.json("disable", "shop"))["unfinished_jobs"] == 0
    await store.hold(
        [
            *(job_row("job_1", client_id="shop"), job_row("job_2", client_id="shop")),
            job_row("job_3", client_id="shop", state="failed"),
            job_row("job_4", client_id="blog"),
        ],
        [schedule_row(client_id="shop"), schedule_row("sch_2", client_id="shop", state="ended")],
    )
    disabled = await store.json("disable", "shop")
    assert (disabled["unfinished_jobs"], disabled["unended_schedules"]) == (2, 1)
    told = (await store.run("disable", "shop")).stdout
    assert "未完成的任务 / unfinished jobs: 2；未结束的定时 / schedules not over: 1" in told
    asked = await store.run("remove", "shop")  # and nobody answers
    assert (asked.exit_code, "unfinished jobs: 2" in asked.output) == (1, True)
    assert await store.json("remove", "shop", "--yes") == {
        "id": "shop",
        "removed": True,
        "unfinished_jobs": 2,
        "unended_schedules": 1,
    }
    assert "unfinished_jobs" not in await store.json("show", "blog")


@pytest.mark.parametrize("database_url", [""])
async def test_what_cannot_be_is_told_and_nothing_changes(store: Store) -> None:
    for arguments, status, told in (
        (("add", "shop"), 2, "--scope"),
        (("add", "shop", "--scope", "root"), 2, "scopes[0]"),
        (("add", "Shop", "--scope", "draft"), 2, "id"),
        (("add", "shop", "--scope", "draft", "--account", "nowhere"), 1, "nowhere"),
        (("add", "shop", "--scope", "draft", "--expires", "soon"), 2, "--expires"),
        (("add", "blog", "--scope", "draft"), 1, "config.toml"),
        (("rotate", "blog"), 1, "config.toml"),
        (("show", "nobody"), 1, "nobody"),
        (("revoke", "nobody", "abcd"), 1, "nobody"),
        (("remove", "nobody"), 1, ""),
    ):
        done = await store.run(*arguments)
        assert (done.exit_code, told in done.stderr) == (status, True), arguments
        assert "Traceback" not in done.output
    assert [each["id"] for each in await store.json("list")] == ["blog"]


@pytest.mark.parametrize("database_url", [""])
async def test_no_key_is_shown_again(store: Store) -> None:
    key = (await store.json("add", "shop", "--scope", "draft"))["key"]
    for arguments in (("list",), ("show", "shop"), ("show", "blog", "--json"), ("list", "--json")):
        told = (await store.run(*arguments)).output
        assert key not in told
        assert FILE_KEY not in told
    listed = (await store.run("list")).stdout
    assert listed.splitlines()[0].split()[:3] == ["blog", "file", "draft"]
