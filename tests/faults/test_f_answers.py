"""What comes back is late, cut, or not WeChat's: never a 500, a hang, or a write sent twice."""

import codecs
from pathlib import Path
from typing import Any

import pytest

from core.errors import GatewayError
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.faults.recorder import recording, whole
from tests.faults.upstreams import ADD, BATCHGET, COUNT, NEVER, SUBMIT, code_of, front
from wechat.call import BadAnswer, OutcomeUnknown
from wechat.draft import DraftClient
from wechat.freepublish import FreepublishClient

PAGE = {"offset": 0, "count": 1}
JSON = "Content-Type: text/plain"
GARBAGE = {
    "array": b"[]",
    "text": b'"ok"',
    "null": b"null",
    "number": b"0",
    "errcode as text": b'{"errcode":"0"}',
    "errcode null": b'{"errcode":null}',
    "errcode 0.0": b'{"errcode":0.0}',
    "errcode true": b'{"errcode":true}',
    "errcode twice": b'{"errcode":0,"errcode":40001}',
    "NaN": b'{"errcode":0,"x":NaN}',
    "1e999": b'{"errcode":1e999}',
    "deep": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "not UTF-8": b'{"errcode":0,"media_id":"\xff\xfe"}',
    "GBK": '{"errcode":0,"errmsg":"成功"}'.encode("gbk"),
    "trailing": b'{"errcode":0}{"errcode":0}',
    "empty": b"",
    "html": b"<html>Please log in to this network</html>",
}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.retry._FIRST_WAIT_S", 0.001)
    monkeypatch.setattr("proxy.retry._LONGEST_WAIT_S", 0.002)


def said(body: bytes, **fields: Any) -> dict[str, Any]:
    return {"kind": "answer", "body": body.decode("latin-1"), "count": 9, **fields}


@pytest.mark.parametrize("kind", ["stall", "drip"])
@pytest.mark.parametrize(
    ("path", "code"), [(COUNT, "upstream_no_answer"), (SUBMIT, "outcome_unknown")]
)
async def test_104_an_answer_that_does_not_come_ends_at_the_deadline(
    sandbox: RunningSandbox, tmp_path: Path, kind: Any, path: str, code: str
) -> None:
    async with front(tmp_path, sandbox.url, timeout_s=0.4) as gate:
        await gate.ask(BATCHGET, PAGE)
        sandbox.faults.add(Fault(kind=kind, path=path, count=9))
        answer = await gate.ask(path, None if path == COUNT else {"media_id": "x"})
        assert (answer.status_code, code_of(answer)) == (504, code)
        assert answer.json()["error"]["retryable"] is (path == COUNT)
        if path == SUBMIT:
            assert sandbox.faults.happened[kind, path] == 1


@pytest.mark.parametrize(
    ("path", "code", "times"),
    [
        (BATCHGET, "upstream_no_answer", 3),
        (ADD, "outcome_unknown", 1),
        (SUBMIT, "outcome_unknown", 1),
    ],
)
@pytest.mark.parametrize("ending", ["short", "chunked", "closed"])
async def test_105_half_an_answer_is_none(
    tmp_path: Path, path: str, code: str, times: int, ending: str
) -> None:
    half = b'{"item_count":0,"media_id":"ab'
    async with recording() as wechat, front(tmp_path, wechat.url) as gate:
        await gate.ask(COUNT)
        if ending == "short":
            wechat.answer = whole(half, JSON).replace(b"Length: 30", b"Length: 300")
        elif ending == "chunked":
            wechat.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\n" + half
        else:
            wechat.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + half
        wechat.hang_up = True
        answer = await gate.ask(path, PAGE)
        assert (answer.status_code, code_of(answer)) == (504, code)
        assert sum(path.encode() in head for head, _ in wechat.requests) == times


@pytest.mark.parametrize(
    ("status", "body"),
    [(502, "<html>nginx</html>"), (503, ""), (504, "x"), (200, "<html>log in</html>"), (200, "")],
)
async def test_106_pages_of_servers_between_are_asked_past_and_at_last_passed_on(
    sandbox: RunningSandbox, tmp_path: Path, status: int, body: str
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        await gate.ask(COUNT)
        page = Fault(kind="answer", status=status, body=body, headers={"Content-Type": "text/html"})
        sandbox.faults.add(page.model_copy(update={"path": BATCHGET, "count": 2}))
        assert (await gate.ask(BATCHGET, PAGE)).json()["total_count"] == 0
        for path, times in ((BATCHGET, 3), (ADD, 1), (SUBMIT, 1)):
            sandbox.faults.clear()
            sandbox.faults.add(page.model_copy(update={"path": path, "count": 9}))
            answer = await gate.ask(path, PAGE)
            assert (answer.status_code, answer.text) == (status, body)
            assert sandbox.faults.happened["answer", path] == times


@pytest.mark.parametrize("name", GARBAGE)
async def test_107_garbage_is_never_taken_for_a_success(
    sandbox: RunningSandbox, tmp_path: Path, name: str
) -> None:
    async with front(tmp_path, sandbox.url, breaker=NEVER) as gate:
        calls = gate.gateway.calls
        await calls.get("main", COUNT)
        for path in (COUNT, ADD, SUBMIT):
            sandbox.faults.add(Fault(**said(GARBAGE[name], path=path)))
        with pytest.raises(BadAnswer):
            await calls.get("main", COUNT)
        with pytest.raises(OutcomeUnknown):
            await calls.post("main", ADD, {})
        for path in (COUNT, ADD, SUBMIT):
            answer = await gate.ask(path, None if path == COUNT else {})
            assert (answer.status_code, answer.content) == (200, GARBAGE[name])
        assert sandbox.faults.happened["answer", SUBMIT] == 1


async def test_107_a_success_must_name_what_was_made(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        for path in (ADD, SUBMIT):
            sandbox.faults.add(Fault(**said(b"{}", path=path)))
        with pytest.raises(OutcomeUnknown):
            await DraftClient(gate.gateway.calls).add("main", [])
        with pytest.raises(OutcomeUnknown):
            await FreepublishClient(gate.gateway.calls).submit("main", "x")


async def test_107_a_byte_order_mark_is_wechats_slip_and_no_fault(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        sandbox.faults.add(Fault(**said(codecs.BOM_UTF8 + b'{"total_count":7}', path=COUNT)))
        assert await gate.gateway.calls.get("main", COUNT) == {"total_count": 7}
        await gate.ask(COUNT)
        assert sandbox.faults.happened["answer", COUNT] == 2


async def test_108_json_called_text_and_a_picture_are_what_they_are(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    get_material = "/cgi-bin/material/get_material"
    picture = b"\xff\xd8\xff" + bytes(range(256))
    async with front(tmp_path, sandbox.url) as gate:
        plain = {"Content-Type": "text/plain"}
        sandbox.faults.add(Fault(**said(b'{"total_count":7}', path=COUNT, headers=plain)))
        assert await gate.gateway.calls.get("main", COUNT) == {"total_count": 7}
        jpeg = {"Content-Type": "image/jpeg"}
        sandbox.faults.add(Fault(**said(picture, path=get_material, headers=jpeg)))
        answer = await gate.ask(get_material, {"media_id": "x"})
        assert (answer.content, answer.headers["content-type"]) == (picture, "image/jpeg")
        assert sandbox.faults.happened["answer", get_material] == 1
        sandbox.faults.clear()
        refused = await gate.ask(get_material, {"media_id": "x"})
        assert (refused.json()["errcode"], "x-wxgate-error" in refused.headers) == (40007, True)


@pytest.mark.parametrize(("path", "times"), [(BATCHGET, 3), (ADD, 1), (SUBMIT, 1)])
async def test_109_busy_is_asked_again_on_reads_alone_and_passed_on_as_it_is(
    sandbox: RunningSandbox, tmp_path: Path, path: str, times: int
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        await gate.ask(COUNT)
        sandbox.faults.add(Fault(kind="errcode", errcode=-1, path=path, count=9))
        answer = await gate.ask(path, PAGE)
        assert (answer.status_code, answer.json()["errcode"]) == (200, -1)
        assert "error" not in answer.json()
        assert "source=wechat" in answer.headers["x-wxgate-error"]
        assert sandbox.faults.happened["errcode", path] == times


async def test_109_one_busy_answer_to_a_read_is_not_noticed(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        sandbox.faults.add(Fault(kind="errcode", errcode=-1, path=BATCHGET))
        assert (await gate.ask(BATCHGET, PAGE)).json()["total_count"] == 0


async def test_115_a_huge_answer_is_not_held_in_memory(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        huge = said(b"{" + b" " * 99_999, path=COUNT, repeat=1_000)
        sandbox.faults.add(Fault(**huge))
        with pytest.raises(BadAnswer):
            await gate.gateway.calls.get("main", COUNT)
        passed = 0
        async with gate.http.stream("GET", COUNT, headers={"X-Wxgate-Account": "main"}) as answer:
            async for chunk in answer.aiter_raw():
                passed += len(chunk)
        assert passed == 100_000_000


@pytest.mark.parametrize(
    ("path", "code"), [(COUNT, "upstream_no_answer"), (ADD, "outcome_unknown")]
)
async def test_115_five_megabytes_of_headers_are_no_answer(
    sandbox: RunningSandbox, tmp_path: Path, path: str, code: str
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        await gate.ask(BATCHGET, PAGE)
        sandbox.faults.add(Fault(**said(b"{}", path=path, headers={"X-Big": "x" * 5_000_000})))
        answer = await gate.ask(path, None if path == COUNT else {})
        assert (answer.status_code, code_of(answer)) == (504, code)


async def test_115_redirects_are_not_followed(sandbox: RunningSandbox, tmp_path: Path) -> None:
    async with recording() as elsewhere, front(tmp_path, sandbox.url) as gate:
        to = {"Location": elsewhere.url + "/steal"}
        for path in (COUNT, ADD):
            sandbox.faults.add(Fault(**said(b"", path=path, status=302, headers=to)))
            answer = await gate.ask(path, None if path == COUNT else {})
            assert (answer.status_code, "location" in answer.headers) == (302, False)
        with pytest.raises(GatewayError):
            await gate.gateway.calls.get("main", COUNT)
        assert elsewhere.requests == []


async def test_116_what_wechat_does_after_our_deadline_is_called_unknown(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    deleted = "/cgi-bin/menu/create"
    async with front(tmp_path, sandbox.url, timeout_s=0.5) as gate:
        await gate.ask(COUNT)
        sandbox.faults.add(Fault(kind="slow", seconds=1, path=deleted, count=9))
        button = {"type": "click", "name": "a", "key": "k"}
        answer = await gate.ask(deleted, {"button": [button]})
        assert (answer.status_code, code_of(answer)) == (504, "outcome_unknown")


async def test_117_fields_and_values_that_nobody_knows_pass_through(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    strange = '{"publish_status":9,"neu":{"字段":[1,null]},"errcode":0}'.encode()
    status = "/cgi-bin/freepublish/get"
    async with front(tmp_path, sandbox.url) as gate:
        sandbox.faults.add(Fault(**said(strange, path=status)))
        assert (await gate.ask(status, {"publish_id": "1"})).content == strange
