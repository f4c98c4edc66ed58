import pytest

from sandbox.settings import PERSONAL, VERIFIED
from tests.sandbox.caller import Caller


async def test_the_ledger_can_be_asked_by_kind_and_account(caller: Caller) -> None:
    await caller.draft(title="甲")
    await caller.as_account(PERSONAL).draft(title="乙")
    query = {"kind": "draft", "account": PERSONAL.app_id}
    entries = (await caller.http.get("/sandbox/ledger", params=query)).json()["entries"]
    assert [entry["data"]["titles"] for entry in entries] == [["乙"]]
    everything = (await caller.http.get("/sandbox/ledger")).json()["entries"]
    assert [entry["kind"] for entry in everything] == ["token", "material", "draft"] * 2
    assert [entry["seq"] for entry in everything] == [1, 2, 3, 4, 5, 6]


async def test_calls_are_counted_by_path_and_account(caller: Caller) -> None:
    await caller.get("/cgi-bin/draft/count")
    await caller.get("/cgi-bin/draft/count")
    await caller.as_account(PERSONAL).get("/cgi-bin/draft/count")
    calls = (await caller.http.get("/sandbox/calls")).json()
    assert calls["by_path"] == {"/cgi-bin/draft/count": 3, "/cgi-bin/stable_token": 2}
    by_account = calls["by_account"]["/cgi-bin/draft/count"]
    assert by_account == {VERIFIED.app_id: 2, PERSONAL.app_id: 1}
    assert "seen" not in calls


async def test_due_publications_are_in_the_ledger_after_the_clock_moved(caller: Caller) -> None:
    await caller.submit(await caller.draft())
    await caller.advance(3600)
    query = {"kind": "article"}
    entries = (await caller.http.get("/sandbox/ledger", params=query)).json()["entries"]
    assert len(entries) == 1


async def test_reset_forgets_all(caller: Caller) -> None:
    await caller.submit(await caller.draft())
    url = await caller.image()
    await caller.control("faults", {"kind": "slow", "path": "/none"})
    await caller.control("outcomes", {"errcode": 53503})
    await caller.advance(10)
    await caller.control("reset", {})
    assert (await caller.get("/cgi-bin/draft/count"))["errcode"] == 40001
    caller._token = ""
    assert await caller.get("/cgi-bin/draft/count") == {"total_count": 0}
    assert (await caller.http.get(url.replace("http://mmbiz.qpic.cn", "/mmbiz"))).status_code == 404
    assert [entry.kind for entry in caller.sandbox.ledger.entries()] == ["token"]
    assert (await caller.http.get("/sandbox/faults")).json()["faults"] == []
    assert await caller.submit(await caller.draft())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"kind": "unknown"}),
        ("faults", {}),
        ("clock", {"advance_s": -1}),
        ("outcomes", {"publish_status": 7}),
        ("expire_token", {"app_id": 1}),
        ("expire_token", {"app_id": "wx", "more": 1}),
    ],
)
async def test_bad_control_calls_say_what_is_wrong(
    caller: Caller, path: str, body: dict[str, object]
) -> None:
    answer = await caller.http.post(f"/sandbox/{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_broken_json_is_422_as_well(caller: Caller) -> None:
    assert (await caller.http.post("/sandbox/clock", content=b"{")).status_code == 422
