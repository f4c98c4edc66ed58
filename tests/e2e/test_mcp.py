"""What agents may do with which credential, through one gateway and through two."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from server.doors import listen_on
from server.process import gateway_in_background
from server.settings import Settings
from store.engine import DatabaseSettings, open_database
from store.migrate import migrate
from tests.e2e.conftest import KEY, Opens, Stand, configuration
from tests.signing import signed

WRITER, CAREFUL = "wxg_writer_0123456789abcdefghijklmn", "wxg_careful_0123456789abcdefghijkl"
ADMIN = "wxg_boss_0123456789abcdefghijklmno"
ARTICLE = {"markdown": "# 标题\n\n正文"}
LATER = "2036-01-01T00:00:00+08:00"


def _client(name: str, key: str, *scopes: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "key": key, "accounts": ["main"], "scopes": list(scopes), **more}


CHANGE: dict[str, Any] = {
    "mcp": {"enabled": True},
    "wenyan": {"enabled": True},
    "clients": [
        _client("blog", KEY, "draft", "publish"),
        _client("writer", WRITER, "draft", "templates"),
        _client("careful", CAREFUL, "draft", "publish", approve_publish=True),
        _client("boss", ADMIN, "admin", "publish"),
    ],
}
_NUMBERS = itertools.count(1)


def _calling(tool: str, arguments: dict[str, Any]) -> bytes:
    message = {
        "jsonrpc": "2.0",
        "id": next(_NUMBERS),
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }
    return json.dumps(message).encode()


def _headers(key: str = KEY) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Accept-Language": "en",
    }


async def _call(stand: Stand, tool: str, key: str = KEY, **arguments: Any) -> dict[str, Any]:
    answer = await stand.http.post("/mcp", content=_calling(tool, arguments), headers=_headers(key))
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    async with open_stand(CHANGE) as opened:
        yield opened


async def test_a_key_that_may_only_draft_publishes_by_no_tool(stand: Stand) -> None:
    draft = (await _call(stand, "create_draft", WRITER, **ARTICLE))["structuredContent"]
    media_id = draft["result"]["media_id"]
    for tool, arguments in (
        ("publish", {"media_id": media_id}),
        ("schedule", {"media_id": media_id, "publish_at": LATER}),
        ("create_draft", {**ARTICLE, "action": "publish"}),
        ("create_draft", {**ARTICLE, "publish_at": LATER}),
        ("create_draft", {**ARTICLE, "mass": {"to_all": True}}),
        ("create_draft", {**ARTICLE, "options": {"action": "publish"}}),
    ):
        refused = await _call(stand, tool, WRITER, **arguments)
        assert refused["isError"], (tool, arguments)
        code = refused["structuredContent"]["error"]["code"]
        assert code in ("scope_missing", "field_invalid"), (tool, arguments)
    # Neither front matter, nor a template, nor a call of a tool within a text.
    said = "---\ntitle: T\naction: publish\npublish_at: 2020-01-01T00:00:00+08:00\n---\n\ntext"
    assert not (await _call(stand, "create_draft", WRITER, markdown=said))["isError"]
    made = await stand.http.post(
        "/v1/templates", json={"name": "t", "text": said}, headers=_headers(WRITER)
    )
    assert made.status_code == 201, made.text
    assert not (await _call(stand, "create_draft", WRITER, template="t"))["isError"]
    assert stand.committed("publication") == []
    assert len(stand.committed("draft")) == 3


async def test_what_waits_for_approval_waits_however_it_is_asked_for(stand: Stand) -> None:
    draft = (await _call(stand, "create_draft", CAREFUL, **ARTICLE))["structuredContent"]
    media_id = draft["result"]["media_id"]
    jobs = [
        (await _call(stand, "publish", CAREFUL, media_id=media_id, **more))["structuredContent"]
        for more in ({}, {}, {"wait_s": 0})
    ]
    assert {job["approval"] for job in jobs} == {"pending"}
    assert len({job["id"] for job in jobs}) == 1
    own = await stand.http.post(f"/v1/jobs/{jobs[0]['id']}/approve", headers=_headers(CAREFUL))
    assert own.status_code == 403
    assert stand.committed("publication") == []
    approved = await stand.http.post(f"/v1/jobs/{jobs[0]['id']}/approve", headers=_headers(ADMIN))
    assert approved.status_code == 202, approved.text
    ended = await _call(stand, "job_status", CAREFUL, job_id=jobs[0]["id"], wait_s=30)
    assert ended["structuredContent"]["result"]["mode"] == "published"
    again = await _call(stand, "publish", CAREFUL, media_id=media_id)
    assert again["structuredContent"]["id"] == jobs[0]["id"]
    assert len(stand.committed("publication")) == 1


async def test_a_schedule_waits_for_approval_too_and_is_audited(stand: Stand) -> None:
    draft = (await _call(stand, "create_draft", CAREFUL, **ARTICLE))["structuredContent"]
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    asked = {"media_id": draft["result"]["media_id"], "publish_at": soon}
    job = (await _call(stand, "schedule", CAREFUL, **asked))["structuredContent"]
    assert (job["state"], job["approval"]) == ("waiting", "pending")
    query = {"action": "mcp.schedule"}
    page = await stand.http.get("/v1/admin/audit", params=query, headers=_headers(ADMIN))
    (row,) = page.json()["items"]
    assert (row["actor"], row["subject"]) == ("client:careful", job["id"])


async def test_the_audit_log_says_which_client_called_which_tool(stand: Stand) -> None:
    draft = (await _call(stand, "create_draft", **ARTICLE, title="题"))["structuredContent"]
    await _call(stand, "publish", media_id=draft["result"]["media_id"])
    await _call(stand, "list_accounts")  # changes nothing
    page = await stand.http.get("/v1/admin/audit?limit=50", headers=_headers(ADMIN))
    rows = [row for row in page.json()["items"] if row["action"].startswith("mcp.")]
    assert [(row["action"], row["actor"], row["account"]) for row in rows] == [
        ("mcp.publish", "client:blog", "main"),
        ("mcp.create_draft", "client:blog", "main"),
    ]
    assert rows[1]["subject"] == draft["id"]
    assert all(row["request_id"] and row["ip"] for row in rows)


async def test_signed_calls_are_taken_once_and_changed_ones_never(stand: Stand) -> None:
    body = _calling("create_draft", ARTICLE)
    about = {"Content-Type": "application/json"}
    accept = {"Accept": "application/json"}
    bare = httpx.AsyncClient(base_url=stand.url, trust_env=False, timeout=60)
    async with bare:
        sent = signed("POST", "/mcp", KEY, body=body, headers=about)
        answer = await bare.post("/mcp", content=body, headers={**sent, **accept})
        assert answer.status_code == 200, answer.text
        assert not answer.json()["result"]["isError"]
        replay = await bare.post("/mcp", content=body, headers={**sent, **accept})
        assert (replay.status_code, _code(replay)) == (401, "auth_replay")
        other = _calling("create_draft", {"markdown": "# other\n\ntext"})
        fresh = signed("POST", "/mcp", KEY, body=body, headers=about)
        changed = await bare.post("/mcp", content=other, headers={**fresh, **accept})
        assert (changed.status_code, _code(changed)) == (401, "content_digest_wrong")
    assert len(stand.committed("draft")) == 1


async def test_a_session_is_as_good_as_its_key_until_it_is_revoked(stand: Stand) -> None:
    login = {"client_id": "writer", "client_secret": WRITER}
    granted = (await stand.http.post("/v1/auth/token", json=login)).json()
    token = granted["access_token"]
    assert not (await _call(stand, "create_draft", token, **ARTICLE))["isError"]
    assert (await _call(stand, "publish", token, media_id="m" * 20))["isError"]
    revoked = await stand.http.post("/v1/auth/revoke", json={"token": token})
    assert revoked.is_success, revoked.text
    answer = await stand.http.post(
        "/mcp", content=_calling("list_accounts", {}), headers=_headers(token)
    )
    assert answer.status_code == 401


def _code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["data"]["code"])


async def test_any_of_two_gateways_answers_any_call(postgres_url: str, tmp_path: Path) -> None:
    async with open_database(DatabaseSettings(url=SecretStr(postgres_url)), tmp_path) as database:
        await migrate(database)
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as sandbox:
        with listen_on("127.0.0.1:0") as one, listen_on("127.0.0.1:0") as two:
            configs = []
            for listener in (one, two):
                config = configuration(sandbox, tmp_path / "data", listener.getsockname()[1])
                configs.append(
                    {**config, **CHANGE, "database": {"url": postgres_url}},
                )
            urls = [config["server"]["public_url"] for config in configs]
            async with (
                gateway_in_background(Settings(**configs[0]), one),
                gateway_in_background(Settings(**configs[1]), two),
                httpx.AsyncClient(headers=_headers(), trust_env=False, timeout=60) as http,
            ):
                turns = itertools.cycle(urls)

                async def call(tool: str, **arguments: Any) -> dict[str, Any]:
                    url = f"{next(turns)}/mcp"
                    answer = await http.post(url, content=_calling(tool, arguments))
                    assert answer.status_code == 200, answer.text
                    told: dict[str, Any] = answer.json()["result"]["structuredContent"]
                    return told

                drafts = await asyncio.gather(
                    *(call("create_draft", **ARTICLE, wait_s=40) for _ in range(6))
                )
                assert len({draft["id"] for draft in drafts}) == 1
                media_id = drafts[0]["result"]["media_id"]
                jobs = await asyncio.gather(
                    *(call("publish", media_id=media_id, wait_s=40) for _ in range(6))
                )
                assert len({job["id"] for job in jobs}) == 1
                assert (await call("job_status", job_id=jobs[0]["id"]))["state"] == "succeeded"
        assert len(sandbox.ledger.entries("draft")) == 1
        assert len(sandbox.ledger.entries("publication")) == 1
