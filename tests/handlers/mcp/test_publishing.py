import time
from datetime import UTC, datetime
from typing import Any

from mcp import Client

from tests.e2e.conftest import Stand
from tests.handlers.mcp.conftest import CAREFUL_KEY, DRAFT_KEY, Agents

ARTICLE = {"markdown": "# 标题\n\n正文", "author": "agent"}


async def told(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    data: dict[str, Any] = answer.structured_content
    return data


async def test_an_article_becomes_a_draft_and_is_published(agent: Agents, gate: Stand) -> None:
    async with agent() as client:
        draft = await told(client, "create_draft", **ARTICLE)
        assert (draft["state"], draft["result"]["mode"]) == ("succeeded", "draft")
        media_id = draft["result"]["media_id"]
        listed = await told(client, "list_drafts", refresh=True)
        assert media_id in {item["id"] for item in listed["items"]}
        job = await told(client, "publish", media_id=media_id)
        assert job["result"]["mode"] == "published"
        again = await told(client, "job_status", job_id=job["id"])
        assert again["state"] == "succeeded"
    assert len(gate.committed("publication")) == 1


async def test_the_same_content_makes_one_draft(agent: Agents, gate: Stand) -> None:
    async with agent(DRAFT_KEY) as client:
        jobs = [(await told(client, "create_draft", **ARTICLE))["id"] for _ in range(3)]
        other = await told(client, "create_draft", **ARTICLE, another=True)
    assert len(set(jobs)) == 1
    assert other["id"] != jobs[0]
    assert len(gate.committed("draft")) == 2


async def test_a_key_of_the_agent_s_own_counts(agent: Agents) -> None:
    async with agent(DRAFT_KEY) as client:
        first = await told(client, "create_draft", **ARTICLE, idempotency_key="one")
        again = await told(client, "create_draft", **ARTICLE, idempotency_key="one")
        wrong = await client.call_tool(
            "create_draft", {"markdown": "# Else\n\ntext", "idempotency_key": "one"}
        )
    assert first["id"] == again["id"]
    assert wrong.is_error
    assert wrong.structured_content["error"]["code"] == "idempotency_mismatch"


async def test_what_failed_may_be_tried_again_with_the_same_call(agent: Agents) -> None:
    refused = {"markdown": "# T\n\n![](http://127.0.0.1:9/none.png)"}
    async with agent(DRAFT_KEY) as client:
        first, again = [await client.call_tool("create_draft", refused) for _ in range(2)]
    assert first.is_error
    assert first.structured_content["state"] == "failed"
    assert first.structured_content["id"] != again.structured_content["id"]


async def test_what_a_careful_key_publishes_waits_for_another(agent: Agents, gate: Stand) -> None:
    async with agent(CAREFUL_KEY) as client:
        draft = await told(client, "create_draft", **ARTICLE)
        job = await told(client, "publish", media_id=draft["result"]["media_id"])
    assert (job["state"], job["approval"]) == ("waiting", "pending")
    assert gate.committed("publication") == []


async def test_a_draft_is_published_later(agent: Agents) -> None:
    at = datetime.fromtimestamp(time.time() + 3600, UTC).isoformat(timespec="seconds")
    async with agent() as client:
        draft = await told(client, "create_draft", **ARTICLE)
        media_id = draft["result"]["media_id"]
        job = await told(client, "schedule", media_id=media_id, publish_at=at)
        again = await told(client, "schedule", media_id=media_id, publish_at=at)
        wrong = await client.call_tool("schedule", {"media_id": media_id, "publish_at": "tomorrow"})
    assert job["state"] not in ("succeeded", "failed")
    assert again["id"] == job["id"]
    assert wrong.structured_content["error"]["code"] == "publish_at_invalid"


async def test_jobs_of_others_do_not_exist(agent: Agents) -> None:
    async with agent() as client:
        job = await told(client, "create_draft", **ARTICLE)
    async with agent(DRAFT_KEY) as client:
        answer = await client.call_tool("job_status", {"job_id": job["id"]})
    assert answer.structured_content["error"]["code"] == "job_unknown"
