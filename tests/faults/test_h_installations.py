"""Fault 152: one account in two places, within an installation or in two of them."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from tests.conftest import free_port
from tests.e2e.conftest import KEY, Opens, configuration
from tests.e2e.processes import Served, serve, write_toml

ARTICLES, DRAFTS = "/v1/accounts/main/articles", "/v1/accounts/main/drafts"
COUNT, STABLE = "/cgi-bin/draft/count", "/cgi-bin/stable_token"


def config_of(wechat: RunningSandbox, directory: Path, database_url: str = "") -> dict[str, Any]:
    directory.mkdir()
    config = configuration(wechat, directory, free_port())
    return {**config, "database": {"url": database_url}} if database_url else config


async def ended(answer: httpx.Response, at: Served) -> tuple[str, str | None]:
    """How the job ends that was handed in."""
    assert answer.status_code == 202, answer.text
    job = await at.ended(answer.json()["id"])
    return job["state"], (job.get("error") or {}).get("code")


@pytest.mark.slow
@pytest.mark.usefixtures("database")
async def test_152_two_installations_share_the_token_and_publish_a_draft_once(
    database_url: str, tmp_path: Path
) -> None:
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as wechat, AsyncExitStack() as stack:
        both = []
        for name, url in (("one", database_url), ("other", "")):
            config = config_of(wechat, tmp_path / name, url)
            write_toml(path := tmp_path / name / "config.toml", config)
            opened = serve(path, config["server"]["public_url"], KEY)
            both.append(await stack.enter_async_context(opened))
        article = {"markdown": "# 题\n\n正文"}
        made = await both[0].http.post(ARTICLES, json=article)
        assert await ended(made, both[0]) == ("succeeded", None)
        (draft,) = wechat.ledger.entries("draft")
        publish = f"{DRAFTS}/{draft.data['media_id']}/publish"
        ends = [await ended(await at.http.post(publish, json={}), at) for at in both]
        assert ends == [("succeeded", None), ("failed", "draft_gone")]
        assert len(wechat.ledger.entries("publication")) == 1
        assert len(wechat.ledger.entries("token")) == 1


@pytest.mark.usefixtures("database")  # whose schema is made
async def test_152_whoever_else_replaces_tokens_is_seen(
    open_stand: Opens, database_url: str
) -> None:
    account = {"X-Wxgate-Account": "main"}
    ask = {"grant_type": "client_credential", "appid": VERIFIED.app_id}
    ask |= {"secret": VERIFIED.app_secret}
    async with open_stand({"database": {"url": database_url}}) as stand:
        assert (await stand.http.get(COUNT, headers=account)).json()["total_count"] == 0
        await stand.http.post(f"{stand.sandbox.url}{STABLE}", json={**ask, "force_refresh": True})
        assert (await stand.http.get(COUNT, headers=account)).json()["total_count"] == 0
        metrics = (await stand.http.get("/metrics")).text
        seen = 'wxgate_token_refreshes_total{account="main",cause="invalid",outcome="ok"} 1.0'
        assert seen in metrics
        # It does so at each of our calls: those who call are told, and whoever looks at the job.
        always = {"kind": "errcode", "errcode": 40001, "path": "/cgi-bin/draft/*", "count": 99}
        stand.sandbox.faults.add(Fault.model_validate(always))
        article = {"markdown": "# 题\n\n正文", "action": "publish"}
        job_id = (await stand.http.post(ARTICLES, json=article)).json()["id"]
        async with asyncio.timeout(20):
            while not (job := (await stand.http.get(f"/v1/jobs/{job_id}")).json()).get("error"):
                await asyncio.sleep(0.05)
        assert (job["state"], job["error"]["code"]) == ("waiting", "token_conflict")
        refused = await stand.http.get(COUNT, headers=account)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "token_conflict")
        assert stand.committed("draft") == []
