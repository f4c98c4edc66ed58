"""Each event really happens, in a gateway that runs, and is written down once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from core.metrics import Metrics
from notify.bulletin import Bulletin
from proxy.breaker import BreakerRules
from proxy.upstream import UpstreamSettings
from sandbox.faults import Fault
from sandbox.server import run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from server.settings import Settings
from store.engine import Database, DatabaseSettings, open_database
from tests.e2e.conftest import KEY, Opens, Stand
from tests.e2e.happenings import told, wait_for
from tests.gateway import KEY as RELAY_KEY
from tests.gateway import Gateway, Setup, open_gateway
from tests.stores import PreparedSqlite

COUNT = "/cgi-bin/draft/count"
OTHER_KEY = "wxg_two_0123456789abcdefghijklmnop"
SECRETS = (KEY, VERIFIED.app_secret, "access_token", "wxg_")
IP = "203.0.113.7"
NOT_WHITELISTED = {
    "errcode": 40164,
    "errmsg": f"invalid ip {IP} ipv6 ::ffff:{IP}, not in whitelist",
}
MAIN = {"X-Wxgate-Account": "main"}


def free_of_secrets(stand_dir: Path) -> None:
    text = json.dumps([one.data for one in told(stand_dir)], ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in text] == []


def admin(**more: Any) -> list[dict[str, Any]]:
    """The one client, which may also administer."""
    scopes = ["relay:read", "relay:write", "material", "draft", "publish", "stats", "admin"]
    return [{"id": "blog", "key": KEY, "accounts": ["main", "personal"], "scopes": scopes, **more}]


async def test_a_refused_ip_is_told_once_with_the_ip_and_is_over_when_a_token_comes(
    open_stand: Opens,
) -> None:
    async with open_stand() as stand:
        refusal = Fault(
            kind="answer",
            path="/cgi-bin/stable_token",
            body=json.dumps(NOT_WHITELISTED),
            headers={"content-type": "application/json"},
        )
        stand.sandbox.faults.add(refusal)
        for _ in range(5):
            answer = (await stand.http.get(COUNT, headers=MAIN)).json()
            assert answer["errcode"] == 40164
        one = await wait_for(stand.data_dir, "account.ip_refused")
        assert (one.account, one.key) == ("main", "main")
        assert (one.data["ip"], one.data["app_id"]) == (IP, VERIFIED.app_id)
        assert not [each for each in told(stand.data_dir, "account.ip_refused") if each.over]
        async with asyncio.timeout(60):  # the refusal is remembered for 3 s
            while "errcode" in (await stand.http.get(COUNT, headers=MAIN)).json():
                await asyncio.sleep(0.2)
        await wait_for(stand.data_dir, "account.ip_refused", over=True)
        overs = [each.over for each in told(stand.data_dir, "account.ip_refused")]
        assert overs == [False, True]
        free_of_secrets(stand.data_dir)


async def test_a_quota_is_told_at_80_and_100_percent_once_and_is_back_when_it_is_cleared(
    open_stand: Opens,
) -> None:
    account = {"name": "main", "app_id": VERIFIED.app_id, "app_secret": VERIFIED.app_secret}
    other = {"id": "two", "key": OTHER_KEY, "accounts": ["main"], "scopes": ["relay:read"]}
    clients = [*admin(accounts=["main"]), other]
    change = {"accounts": [{**account, "quotas": {COUNT: 10}}], "clients": clients}
    async with open_stand(change) as stand:
        for _ in range(7):
            await stand.http.get(COUNT)
        await asyncio.sleep(1)
        assert told(stand.data_dir, "quota.near") == []
        for _ in range(8):  # no client has all of a quota for itself
            await stand.http.get(COUNT)
            await stand.http.get(COUNT, headers={"Authorization": f"Bearer {OTHER_KEY}"})
        near = await wait_for(stand.data_dir, "quota.near")
        spent = await wait_for(stand.data_dir, "quota.spent")
        assert (near.data["used"], near.data["limit"], near.data["percent"]) == (8, 10, 80)
        assert (spent.data["used"], spent.data["percent"]) == (10, 100)
        assert near.key == spent.key == f"main {COUNT}"
        await stand.http.post("/cgi-bin/clear_quota", json={"appid": VERIFIED.app_id})
        await wait_for(stand.data_dir, "quota.spent", over=True)
        for event in ("quota.near", "quota.spent"):
            assert [one.over for one in told(stand.data_dir, event)] == [False, True]


async def test_wechats_own_45009_is_told_as_a_spent_quota(open_stand: Opens) -> None:
    async with open_stand(quotas={COUNT: 2}) as stand:
        for _ in range(4):
            await stand.http.get(COUNT, headers=MAIN)
        spent = await wait_for(stand.data_dir, "quota.spent")
        assert (spent.account, spent.data["path"]) == ("main", COUNT)
        assert len(told(stand.data_dir, "quota.spent")) == 1


async def test_tokens_that_somebody_else_keeps_replacing_are_told_once(open_stand: Opens) -> None:
    async with open_stand() as stand:
        assert "errcode" not in (await stand.http.get(COUNT, headers=MAIN)).json()
        for _ in range(6):  # each call finds its token taken away, and so does its replay
            stand.sandbox.faults.add(Fault(kind="errcode", path=COUNT, errcode=40001, count=2))
            await stand.http.get(COUNT, headers=MAIN)
            stand.sandbox.faults.clear()
        one = await wait_for(stand.data_dir, "token.conflict")
        assert (one.account, one.key) == ("main", "main")
        assert len(told(stand.data_dir, "token.conflict")) == 1
        free_of_secrets(stand.data_dir)


@asynccontextmanager
async def quick_breaker(
    prepared_sqlite: PreparedSqlite, tmp_path: Path
) -> AsyncIterator[tuple[Gateway, Any, Database]]:
    """A relay whose breakers open soon and not for long, and a store that is told."""
    prepared_sqlite.put(tmp_path)
    settings = SandboxSettings(accounts=(VERIFIED,))
    async with (
        run_sandbox(settings) as sandbox,
        open_database(DatabaseSettings(), tmp_path) as database,
        Bulletin(database, Metrics()) as tell,
    ):
        upstream = UpstreamSettings(base_urls=(sandbox.url,), mp_base_url=sandbox.url, timeout_s=5)
        rules = BreakerRules(min_calls=4, open_s=0.3)
        setup = Setup(upstream, tmp_path, breaker=rules, tell=tell)
        async with open_gateway(setup) as gateway:
            yield gateway, sandbox, database


async def test_an_open_breaker_is_told_and_is_over_when_wechat_is_back(
    prepared_sqlite: PreparedSqlite, tmp_path: Path
) -> None:
    async with (
        quick_breaker(prepared_sqlite, tmp_path) as (gateway, sandbox, _),
        gateway.client(**{"x-api-key": RELAY_KEY}) as http,
    ):
        assert "errcode" not in (await http.get(COUNT)).json()
        sandbox.faults.add(Fault(kind="html502", path=COUNT, count=1_000))
        async with asyncio.timeout(60):
            while not told(tmp_path, "breaker.open"):
                await http.get(COUNT)
        host = httpx.URL(sandbox.url).netloc.decode()
        (one,) = told(tmp_path, "breaker.open")
        assert (one.over, one.key, one.data["host"]) == (False, f"main {host}", host)
        sandbox.faults.clear()
        async with asyncio.timeout(60):
            while len(told(tmp_path, "breaker.open")) < 2:
                await http.get(COUNT)
                await asyncio.sleep(0.05)
        assert [one.over for one in told(tmp_path, "breaker.open")] == [False, True]


async def test_keys_made_and_revoked_by_the_api_are_told(open_stand: Opens) -> None:
    async with open_stand({"clients": admin()}) as stand:
        await followed(stand)
        form = {"id": "guest", "accounts": ["main"], "scopes": ["draft"]}
        made = (await stand.http.post("/v1/admin/clients", json=form)).json()
        created = await wait_for(stand.data_dir, "key.created")
        assert (created.data["client"], created.data["actor"]) == ("guest", "client:blog")
        keys = (await stand.http.get("/v1/admin/clients/guest")).json()["keys"]
        gone = await stand.http.delete(f"/v1/admin/clients/guest/keys/{keys[0]['id']}")
        assert gone.is_success, gone.text
        revoked = await wait_for(stand.data_dir, "key.revoked")
        assert (revoked.data["client"], revoked.data["action"]) == ("guest", "client.key_revoked")
        assert made["key"] not in json.dumps([one.data for one in told(stand.data_dir)])
        for event in ("key.created", "key.revoked"):
            assert len(told(stand.data_dir, event)) == 1


async def followed(stand: Stand) -> None:
    """Until somebody follows the audit log: what was there before is told to nobody."""
    probe = {"name": "probe", "app_id": "wx5a4db0c0ffee00ff", "app_secret": "0" * 32}
    await stand.http.post("/v1/admin/accounts", json=probe)
    async with asyncio.timeout(60):
        while not told(stand.data_dir, "config.changed"):
            said = {"max_concurrent": 7}
            changed = await stand.http.patch("/v1/admin/accounts/probe", json=said)
            assert changed.is_success, changed.text
            await asyncio.sleep(0.5)


async def test_configuration_changed_by_the_api_and_by_the_file_is_told(open_stand: Opens) -> None:
    async with open_stand({"clients": admin()}) as stand:
        await followed(stand)
        by_api = await wait_for(stand.data_dir, "config.changed")
        assert by_api.data["account"] == "probe"
        assert "0" * 32 not in json.dumps(by_api.data)
        gateway = stand.gateway
        assert gateway is not None
        named: dict[str, Any] = {"id": "guest", "key": "wxg_guest_0123456789abcdefghijklmn"}
        guest = named | {"accounts": ["main"], "scopes": ["draft"]}
        with_guest = {**stand.config, "clients": [*stand.config["clients"], guest]}
        for config in (with_guest, stand.config):
            await gateway.reloader.reload(lambda config=config: Settings(**config))  # type: ignore[misc]
        revoked = await wait_for(stand.data_dir, "key.revoked")
        assert revoked.data["client"] == "guest"
        made = told(stand.data_dir, "key.created")
        assert [one.data["client"] for one in made] == ["guest"]
        changed = told(stand.data_dir, "config.changed")
        files = [one for one in changed if one.key.startswith("file ")]
        assert files[0].data["keys"] == ["clients.guest"]
        free_of_secrets(stand.data_dir)


async def test_a_full_disk_is_told_and_takes_no_uploads_and_batches_while_jobs_go_on(
    open_stand: Opens,
) -> None:
    marks = {"near_percent": 0.000_001, "full_percent": 0.000_001, "check_s": 0.2}
    async with open_stand({"disk": marks}) as stand:
        await wait_for(stand.data_dir, "disk.near")
        full = await wait_for(stand.data_dir, "disk.full")
        assert full.data["path"] == str(stand.data_dir)
        batch = {"kind": "articles", "items": [{"markdown": "# 一"}, {"markdown": "# 二"}]}
        for refused in (
            await stand.http.post("/v1/accounts/main/batches", json=batch),
            await stand.http.put(f"/v1/files/{SHA256}", content=b"x"),
        ):
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
            assert refused.json()["error"]["code"] == "disk_full"
        job = await stand.article({"markdown": "# 好\n\n字"})
        assert job["state"] == "succeeded"
        gateway = stand.gateway
        assert gateway is not None
        roomy = {**stand.config, "disk": {"near_percent": 100, "full_percent": 100, "check_s": 0.2}}
        await gateway.reloader.reload(lambda: Settings(**roomy))
        await wait_for(stand.data_dir, "disk.full", over=True)
        assert (await stand.http.post("/v1/accounts/main/batches", json=batch)).status_code == 202
        assert (await stand.http.put(f"/v1/files/{SHA256}", content=b"x")).status_code == 201
        metrics = (await stand.http.get("/metrics")).text
        assert "\nwxgate_disk_used_ratio 0." in metrics


SHA256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # of "x"


async def test_what_becomes_of_articles_is_told_once_each(open_stand: Opens) -> None:
    change = {"jobs": {"first_poll_s": [0.3, 1], "reconcile_quiet_s": 0.5}}
    async with open_stand(change) as stand:
        published = await stand.article({"markdown": "# 发表\n\n字", "action": "publish"})
        ready = await stand.article(
            {"markdown": "# 手发\n\n字", "action": "publish"}, account="personal"
        )
        draft = await stand.article({"markdown": "# 草稿\n\n字"})
        stand.sandbox.faults.add(Fault(kind="errcode", path="/cgi-bin/draft/add", errcode=45166))
        failed = await stand.article({"markdown": "# 违规\n\n字", "action": "publish"})
        submit = "/cgi-bin/freepublish/submit"
        stand.sandbox.faults.add(Fault(kind="reset_before_read", path=submit))
        doubtful = await stand.article({"markdown": "# 未知\n\n字", "action": "publish"})
        assert doubtful["state"] == "needs_review", doubtful
        expected = {
            published["id"]: ("publish.succeeded", "发表"),
            ready["id"]: ("draft.ready", "手发"),
            draft["id"]: ("job.succeeded", "草稿"),
            failed["id"]: ("publish.failed", "违规"),
            doubtful["id"]: ("job.needs_review", "未知"),
        }
        happened = {one.key: (one.event, one.data.get("title")) for one in told(stand.data_dir)}
        assert {key: happened[key] for key in expected} == expected
        of_jobs = [one for one in told(stand.data_dir) if one.data.get("job_id")]
        assert len(of_jobs) == len(expected)
        first = next(one for one in of_jobs if one.event == "publish.succeeded")
        assert first.data["article_url"].startswith("http")
        broken = next(one for one in of_jobs if one.event == "publish.failed")
        assert broken.data["errcode"] == 45166
        retried = await stand.http.post(f"/v1/jobs/{doubtful['id']}/retry")
        assert retried.is_success, retried.text
        over = await wait_for(stand.data_dir, "job.needs_review", over=True)
        assert over.key == doubtful["id"]
        free_of_secrets(stand.data_dir)
