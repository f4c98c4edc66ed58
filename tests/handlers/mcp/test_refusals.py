import json

from handlers.mcp.refusals import MCP_EXCEPTION_HANDLERS, McpBusy, refusal


def test_the_message_holds_what_a_model_has_to_know() -> None:
    told = McpBusy(limit=8, retry_after_s=1).describe("en", "req_1")
    answer = refusal(told, 429)
    said = json.loads(bytes(answer.body))
    assert (answer.status_code, said["jsonrpc"], said["id"]) == (429, "2.0", None)
    assert said["error"]["data"] == told
    assert said["error"]["message"].startswith("mcp_busy: 8 MCP calls")
    assert told["hint"] in said["error"]["message"]


def test_whose_fault_it_is_stands_in_the_code() -> None:
    told = McpBusy(limit=8).describe("en", "req_1")
    codes = [
        json.loads(bytes(refusal(told, status).body))["error"]["code"] for status in (400, 503)
    ]
    assert codes == [-32600, -32603]


def test_bugs_are_left_to_what_logs_them() -> None:
    assert Exception not in MCP_EXCEPTION_HANDLERS
