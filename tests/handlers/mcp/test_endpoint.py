import asyncio
import json
import traceback
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, METHOD_NOT_FOUND
from mcp_types.version import LATEST_HANDSHAKE_VERSION
from pydantic import BaseModel, SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from accounts.clients import Client, Scope
from handlers.body_budget import BodyBudget
from handlers.mcp.endpoint import McpEndpoint
from handlers.mcp.refusals import McpBusy
from handlers.mcp.tool import READS, Told, Tool
from handlers.mcp.words import LIST_DRAFTS
from tests.e2e.conftest import KEY, Opens, Stand
from tests.handlers.mcp.conftest import CHANGE, DRAFT_KEY, Agents, gist

HELLO: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
ACCEPTS = {"Accept": "application/json, text/event-stream"}


def calling(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_old_and_new_clients_list_the_tools_and_call_them(agent: Agents, mode: str) -> None:
    async with agent(mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        told = await client.call_tool("lint", {"markdown": "# Hello\n\nWorld"})
    assert set(tools) == {
        *("render", "lint", "list_themes", "create_draft", "publish", "schedule"),
        *("job_status", "list_drafts", "list_materials", "list_accounts", "explain_errcode"),
    }
    assert not told.is_error
    assert told.structured_content["stats"]["characters"] == 5
    notes = tools["publish"].annotations
    assert notes is not None
    assert (notes.read_only_hint, notes.destructive_hint) == (False, True)
    for tool in tools.values():
        assert tool.input_schema["type"] == "object"
        assert tool.output_schema is not None
        assert tool.description is not None
        assert not tool.description.isascii()  # Chinese stands beside


async def test_a_key_that_may_only_draft_sees_no_tool_that_publishes(agent: Agents) -> None:
    async with agent(DRAFT_KEY) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        told = await client.call_tool("publish", {"media_id": "m"})
    assert "create_draft" in names
    assert not names & {"publish", "schedule"}
    assert told.is_error
    assert told.structured_content["error"]["code"] == "scope_missing"


async def test_an_error_says_code_message_and_hint(agent: Agents) -> None:
    async with agent() as client:
        told = await client.call_tool("lint", {"markdown": 7})
        with pytest.raises(MCPError, match="no such tool"):
            await client.call_tool("format_disk", {})
    assert told.is_error
    error = told.structured_content["error"]
    assert (error["code"], error["field"]) == ("field_invalid", "markdown")
    assert error["code"] in gist(told)
    assert error["hint"] in gist(told)


async def test_no_session_is_kept(gate: Stand) -> None:
    answer = await gate.http.post("/mcp", json=HELLO, headers=ACCEPTS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in answer.headers
    # A process that has never seen this client answers as well.
    told = await gate.http.post("/mcp", json=calling("list_accounts", {}), headers=ACCEPTS)
    assert told.json()["result"]["structuredContent"]["default"] is None
    for method in ("GET", "DELETE"):  # no stream to open, no session to end
        assert (await gate.http.request(method, "/mcp")).status_code == 405


async def test_nobody_gets_in_without_a_key(gate: Stand) -> None:
    async with httpx.AsyncClient(base_url=gate.url, trust_env=False) as http:
        answers = [
            await http.post("/mcp", json=HELLO, headers={**ACCEPTS, **more})
            for more in ({}, {"Authorization": "Bearer wxg_blog_wrong"}, {"x-api-key": KEY})
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 200]
    assert answers[0].json()["error"]["data"]["code"] == "auth_missing"


async def test_pages_of_other_origins_and_other_hosts_are_refused(gate: Stand) -> None:
    async def status(**headers: str) -> int:
        answer = await gate.http.post("/mcp", json=HELLO, headers={**ACCEPTS, **headers})
        return answer.status_code

    assert await status(Origin="http://evil.test") == 403
    assert await status(Host="evil.test") == 400
    assert await status(Origin=gate.url) == 200


async def test_no_body_breaks_it(gate: Stand) -> None:
    bodies = [
        (b"", 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 100_000, 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (json.dumps([HELLO, HELLO]).encode(), 400),
        (b" " * 4_000_001, 413),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 400),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', 400),
        (b'{"jsonrpc":"2.0","id":"%b","method":"ping"}' % (b"x" * 1_000_000), 400),
        (b'{"jsonrpc":"2.0","id":%b,"method":"ping"}' % (b"9" * 5_000), 400),
        (b'{"jsonrpc":"2.0","method":"notifications/initialized"}', 202),
    ]
    headers = {**ACCEPTS, "Content-Type": "application/json"}
    for body, status in bodies:
        for version in ({}, {"MCP-Protocol-Version": "2026-07-28"}):
            answer = await gate.http.post("/mcp", content=body, headers={**headers, **version})
            assert answer.status_code == status, answer.text
            if status == 202:
                continue
            error = answer.json()["error"]
            assert answer.json()["jsonrpc"] == "2.0"
            assert error["data"]["hint"] in error["message"]
            for internals in ("Traceback", "pydantic", 'File "'):
                assert internals not in answer.text


async def test_methods_and_versions_that_are_not_spoken_are_told(gate: Stand) -> None:
    async def said(method: str, version: str = "2025-06-18") -> tuple[int, int]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method}
        headers = {**ACCEPTS, "MCP-Protocol-Version": version}
        answer = await gate.http.post("/mcp", json=body, headers=headers)
        return answer.status_code, answer.json()["error"]["code"]

    for method in ("resources/list", "prompts/list", "subscriptions/listen", "rm -rf"):
        assert await said(method) == (200, METHOD_NOT_FOUND)
    for version in ("1999-01-01", "x" * 5_000, "2026-07-28"):  # the last wants more than a header
        assert await said("ping", version) == (400, INVALID_PARAMS)
    old = {**HELLO, "params": {**HELLO["params"], "protocolVersion": "1999-01-01"}}
    answer = await gate.http.post("/mcp", json=old, headers=ACCEPTS)
    assert answer.json()["result"]["protocolVersion"] == LATEST_HANDSHAKE_VERSION
    answer = await gate.http.post("/mcp", content=b"{}", headers=ACCEPTS)
    assert (answer.status_code, answer.json()["error"]["data"]["code"]) == (
        *(415, "media_type_unsupported"),
    )


async def test_clients_show_their_model_why_the_gateway_says_no(agent: Agents) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with agent("wxg_blog_wrong0123456789abcdefghijk", mode="legacy"):
            pass
    shown = "".join(traceback.format_exception(caught.value))
    assert "MCPError: auth_key_wrong: " in shown
    assert "wants its own client key" in shown


async def test_half_a_surrogate_pair_is_no_text(gate: Stand) -> None:
    body = json.dumps(calling("lint", {"markdown": "\ud83d"}))
    headers = {**ACCEPTS, "Content-Type": "application/json"}
    answer = await gate.http.post("/mcp", content=body, headers=headers)
    assert answer.status_code < 500
    assert answer.json().get("error") or answer.json()["result"]["isError"]


async def test_one_client_has_so_many_calls_at_once(open_stand: Opens) -> None:
    change = {**CHANGE, "mcp": {"enabled": True, "max_calls": 2}}
    async with open_stand(change, publish_s=600) as stand:
        job = await _waiting_job(stand)
        wait = calling("job_status", {"job_id": job, "wait_s": 3})
        calls: list[Awaitable[httpx.Response]] = [
            stand.http.post("/mcp", json=wait, headers=ACCEPTS) for _ in range(3)
        ]
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*calls))
        assert statuses == [200, 200, McpBusy.status]
        again = await stand.http.post("/mcp", json=calling("list_accounts", {}), headers=ACCEPTS)
        assert again.status_code == 200


async def test_a_caller_who_hangs_up_leaves_its_place_at_once(open_stand: Opens) -> None:
    change = {**CHANGE, "mcp": {"enabled": True, "max_calls": 1}}
    async with open_stand(change, publish_s=600) as stand:
        wait = calling("job_status", {"job_id": await _waiting_job(stand), "wait_s": 50})
        with pytest.raises(httpx.ReadTimeout):
            await stand.http.post("/mcp", json=wait, headers=ACCEPTS, timeout=2)
        async with asyncio.timeout(25):
            said = calling("list_accounts", {})
            while (await stand.http.post("/mcp", json=said, headers=ACCEPTS)).is_error:
                await asyncio.sleep(0.1)


async def _waiting_job(stand: Stand) -> str:
    job = await stand.article({"markdown": "# T\n\nText"})
    path = f"/v1/accounts/main/drafts/{job['result']['media_id']}/publish"
    published = await stand.http.post(path)
    return str(published.json()["id"])


async def test_nothing_answers_where_it_is_not_switched_on(open_stand: Opens) -> None:
    async with open_stand() as stand:
        assert (await stand.http.post("/mcp", json=HELLO, headers=ACCEPTS)).status_code == 404


async def test_each_call_is_counted_and_logged_by_its_tool(agent: Agents, gate: Stand) -> None:
    with capture_logs() as logs:
        async with agent() as client:
            await client.call_tool("list_accounts", {})
    metrics = (await gate.http.get("/metrics")).text
    assert 'route="/mcp list_accounts"' in metrics
    (line,) = [line for line in logs if line.get("tool")]
    assert (line["event"], line["tool"], line["client"]) == ("request", "list_accounts", "blog")
    assert KEY not in str(logs)


async def test_calls_count_on_the_limit_of_the_control_plane(open_stand: Opens) -> None:
    change = {**CHANGE, "server": {"control_rate_limit": "2/minute"}}
    async with open_stand(change) as stand:
        answers = [await stand.http.post("/mcp", json=HELLO, headers=ACCEPTS) for _ in range(3)]
        statuses = [answer.status_code for answer in answers]
        assert statuses == [200, 200, 429]
        assert answers[2].json()["error"]["data"]["code"] == "rate_limited"
        assert int(answers[2].headers["retry-after"]) > 0
        # One limit for both doors.
        assert (await stand.http.get("/v1/themes")).status_code == 429


class _Nothing(BaseModel):
    pass


async def test_a_bug_of_a_tool_is_told_by_its_request_id_alone() -> None:
    async def run(_request: Request, _asked: BaseModel) -> Told:
        raise RuntimeError("the inside of it")

    async def known(request: Request) -> Response:
        request.state.client = Client(
            id="agent", key=SecretStr(""), accounts=("main",), scopes=frozenset({Scope.DRAFT})
        )
        request.state.request_id = "req_0123456789"
        return await endpoint.post(request)

    tool = Tool(about=LIST_DRAFTS, takes=_Nothing, gives=_Nothing, effect=READS, run=run)
    endpoint = McpEndpoint(
        *([tool], BodyBudget(10**7), lambda _request, _scope: None),
        origins=(),
        max_calls=1,
        version="1",
    )
    app = Starlette(routes=[Route("/mcp", known, methods=["POST"])])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gate") as http:
        for _ in range(2):  # the one call that is let in at a time was given back
            with capture_logs() as logs:
                said = calling("list_drafts", {})
                answer = await http.post("/mcp", json=said, headers=ACCEPTS)
            result = answer.json()["result"]
            assert result["isError"]
            error = result["structuredContent"]["error"]
            assert (error["code"], error["request_id"]) == ("internal", "req_0123456789")
            for internals in ("RuntimeError", "the inside", "Traceback"):
                assert internals not in answer.text
            assert [line["event"] for line in logs if line.get("exc_info")] == ["tool failed"]
