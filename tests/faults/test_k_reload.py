"""The configuration file changes under a running `wxgate serve`."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.conftest import free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import Served, serve, write_toml
from tests.faults.wire import COUNT

OTHER = "wxg_other_0123456789abcdefghijklmn"
TOKEN = "/cgi-bin/stable_token"
ON_MAIN = {"X-Wxgate-Account": "main"}


class Site:
    """A serving process, its configuration and its log."""

    def __init__(self, sandbox: RunningSandbox, directory: Path) -> None:
        self.sandbox = sandbox
        self.path = directory / "gate.toml"
        self.log = directory / "log"
        self.config = configuration(sandbox, directory / "data", free_port())
        self.config["clients"][0]["scopes"].append("admin")
        self.config["log"] = {"level": "info", "format": "json"}
        # The tests ask with a wrong key until it is right.
        self.config["auth"] = {"failures_per_minute": 1000, "address_failures_per_minute": 1000}
        self.served: Served

    @property
    def text(self) -> str:
        """The configuration as a file."""
        draft = self.path.with_name("draft.toml")
        write_toml(draft, self.config)
        text = draft.read_text("utf-8")
        draft.unlink()
        return text

    def write(self, text: str | None = None) -> None:
        """Write it in place, as an editor may."""
        self.path.write_text(self.text if text is None else text, "utf-8")

    async def count(self, key: str = KEY) -> int:
        """The status of a call that is not answered from the cache."""
        headers = {"Authorization": f"Bearer {key}", "Cache-Control": "no-cache", **ON_MAIN}
        return (await self.served.http.get(COUNT, headers=headers)).status_code

    async def finding(self) -> dict[str, Any]:
        """What the doctor says of the configuration."""
        report = (await self.served.http.get("/v1/doctor", timeout=30)).json()
        found: dict[str, Any] = report["findings"][0]
        return found

    def logged(self, event: str) -> int:
        """Lines of the log."""
        return self.log.read_text("utf-8").count(f'"event":"{event}"')


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what the other process does."""
    async with asyncio.timeout(30):
        while not await holds():
            await asyncio.sleep(0.1)


async def answered(site: Site, status: int, key: str = KEY) -> None:
    """Wait until a call is answered so."""

    async def so() -> bool:
        return await site.count(key) == status

    await until(so)


async def told(site: Site, part: str) -> None:
    """Wait until the doctor says so."""

    async def so() -> bool:
        found = await site.finding()
        return found["status"] == "warn" and part in found["found"]["en"]

    await until(so)


@pytest.fixture
async def site(sandbox: RunningSandbox, tmp_path: Path) -> Site:
    """A site that does not serve yet."""
    return Site(sandbox, tmp_path)


@asynccontextmanager
async def serving(site: Site, path: Path | None = None) -> AsyncIterator[None]:
    """The process, on the file as the site has it."""
    if path is None:
        site.write()
    with site.log.open("wb") as log:
        url = site.config["server"]["public_url"]
        async with serve(path or site.path, url, KEY, stderr=log) as site.served:
            yield


def other_client(site: Site) -> dict[str, Any]:
    """A second client like the first."""
    return {**site.config["clients"][0], "id": "other", "key": OTHER}


async def test_182_a_file_that_cannot_be_used_changes_nothing_and_is_told(site: Site) -> None:
    async with serving(site):
        assert (await site.finding())["status"] == "ok"
        site.config["clients"].append(other_client(site))
        whole = site.text
        # In two steps, the first of which stands for long.
        site.write(whole[: whole.index(OTHER) + 4])
        await told(site, "is no valid TOML")
        assert (await site.count(), await site.count(OTHER)) == (200, 401)
        assert site.logged("configuration not taken up") == 1
        site.write(whole + 'rate_limit = "often"\nallow_ips = ["300.0.0.1"]\n')
        await told(site, "is no valid TOML")
        site.write(whole.replace(OTHER, "wxg_other_short"))
        await told(site, "clients[1]")
        assert "wxg_other_short" not in str(await site.finding()) + site.log.read_text("utf-8")
        site.path.unlink()
        await told(site, "cannot be read")
        assert await site.count() == 200
        site.write(whole)
        await answered(site, 200, OTHER)
        assert (await site.finding())["status"] == "ok"
        assert site.logged("configuration taken up") == 1


async def test_182_a_client_taken_out_is_refused_and_its_call_under_way_ends(site: Site) -> None:
    site.config["clients"].append(other_client(site))
    async with serving(site):
        assert await site.count(OTHER) == 200
        site.sandbox.faults.add(Fault(kind="slow", path=COUNT, seconds=4))
        async with asyncio.TaskGroup() as group:
            under_way = group.create_task(site.count(OTHER))
            async with asyncio.timeout(20):
                while not site.sandbox.faults.happened:
                    await asyncio.sleep(0.02)
            del site.config["clients"][1]
            site.write()
            await answered(site, 401, OTHER)
        assert under_way.result() == 200
        assert await site.count() == 200
        [entry] = (await site.served.http.get("/v1/admin/audit")).json()["items"]
        detail = {"keys": ["clients.other"], "keys_revoked": ["other"]}
        assert (entry["action"], entry["detail"]) == ("config.reload", detail)


async def test_182_another_secret_drops_the_token_and_a_missing_one_changes_nothing(
    site: Site, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    account = site.config["accounts"][0]
    secret.write_text(account.pop("app_secret"))
    account["app_secret_file"] = str(secret)
    right = secret.read_text()
    async with serving(site):
        assert await site.count() == 200
        await site.finding()  # asks for the other account's token
        tokens = site.sandbox.calls.count(TOKEN)
        secret.unlink()
        await told(site, "accounts[0].app_secret_file")
        assert await site.count() == 200
        assert site.sandbox.calls.count(TOKEN) == tokens
        secret.write_text("0" * 32)  # not WeChat's: now it shows that the token is gone
        await answered(site, 502)
        secret.write_text(right)
        await answered(site, 200)
    assert right not in site.log.read_text("utf-8")


async def test_182_a_swapped_symlink_is_seen(site: Site, tmp_path: Path) -> None:
    """As Kubernetes changes a ConfigMap: config.toml → ..data/config.toml, ..data → a directory."""
    mounted = tmp_path / "mounted"
    for version in ("1", "2"):
        (mounted / version).mkdir(parents=True)
        (mounted / version / "config.toml").write_text(site.text, "utf-8")
        site.config["clients"].append(other_client(site))
    (mounted / "..data").symlink_to("1")
    (mounted / "config.toml").symlink_to("..data/config.toml")
    async with serving(site, mounted / "config.toml"):
        assert await site.count(OTHER) == 401
        (mounted / "..new").symlink_to("2")
        (mounted / "..new").rename(mounted / "..data")
        await answered(site, 200, OTHER)


async def test_182_rules_limits_and_headers_count_at_once_and_the_rest_is_named(site: Site) -> None:
    async with serving(site):
        assert await site.count() == 200
        rules = '[{ path = "/cgi-bin/draft/count", action = "deny" }, '
        rules += '{ path = "/short/count", action = "alias", to = "/cgi-bin/draft/count" }]'
        site.config["server"] |= {"max_in_flight": 77}
        site.config["log"]["level"] = "error"
        site.config["auth"] |= {"max_skew_s": 60, "failures_per_minute": 20}
        site.config["limits"] = {'"/cgi-bin/menu/get"': "none"}
        changed = site.text.replace("[upstream]", '[server.headers]\n"x-ours" = "1"\n[upstream]')
        site.write(changed + f"[relay]\nrules = {rules}\n")
        site.served.process.send_signal(signal.SIGHUP)
        await answered(site, 403)
        assert (await site.served.http.get("/short/count", headers=ON_MAIN)).status_code == 200
        answer = await site.served.http.get("/v1/accounts")
        assert answer.headers["x-ours"] == "1"
        found = await site.finding()
        assert (found["status"], found["found"]["en"].rpartition(": ")[2]) == (
            "warn",
            "server.max_in_flight, auth.max_skew_s",
        )
        [entry] = (await site.served.http.get("/v1/admin/audit")).json()["items"]
        assert sorted(entry["detail"]["keys"]) == [
            *("auth.failures_per_minute", "limits", "log.level", "relay.rules", "server.headers"),
        ]
        assert site.logged("configuration needs a restart") == 1
        quiet = site.log.read_text("utf-8")
        await site.served.http.get("/v1/accounts")
        assert site.log.read_text("utf-8") == quiet
