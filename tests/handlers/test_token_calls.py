import httpx
import pytest

from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.gateway import MAIN, PERSONAL
from tests.handlers.relaying import COUNT, LOGIN, STABLE

# --- tokens -----------------------------------------------------------------------------------


@pytest.mark.parametrize("appid", [MAIN.app_id, "main"])
async def test_both_token_calls_give_virtual_tokens_and_never_the_real_one(
    gate: httpx.AsyncClient, sandbox: RunningSandbox, appid: str
) -> None:
    login = LOGIN | {"appid": appid}
    classic = (await gate.get("/cgi-bin/token", params=login)).json()
    stable = (await gate.post("/cgi-bin/stable_token", json=login | {"force_refresh": True})).json()
    for answer in (classic, stable):
        assert set(answer) == {"access_token", "expires_in"}
        assert 7_100 < answer["expires_in"] <= 7_200
        assert (await gate.get(COUNT, params={"access_token": answer["access_token"]})).json() == {
            "total_count": 0
        }
    assert sandbox.calls.count(STABLE) == 1
    assert sandbox.calls.count("/cgi-bin/token") == 0
    ends_with = sandbox.ledger.entries("token")[0].data["ends_with"]
    assert not classic["access_token"].endswith(ends_with)


async def test_a_token_call_ends_when_its_callers_time_is_over(
    gate: httpx.AsyncClient, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(Fault(path=STABLE, kind="stall"))
    answer = await gate.get("/cgi-bin/token", params=LOGIN, headers={"x-wxgate-timeout": "0.2"})
    assert answer.json()["error"]["code"] == "deadline_exceeded"


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"secret": "wrong"}, 40125),
        ({"secret": "sandbox-secret-verified-0000001"}, 40125),
        ({"secret": ""}, 41004),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"appid": PERSONAL.app_id}, 40013),
        ({"appid": ""}, 41002),
        ({"grant_type": "authorization_code"}, 40002),
    ],
)
async def test_a_token_call_fails_in_wechats_way(
    gate: httpx.AsyncClient, sandbox: RunningSandbox, changes: dict[str, str], errcode: int
) -> None:
    for answer in (
        await gate.get("/cgi-bin/token", params=LOGIN | changes),
        await gate.post("/cgi-bin/stable_token", json=LOGIN | changes),
    ):
        assert answer.status_code == 200
        data = answer.json()
        assert data["errcode"] == errcode
        assert data["errmsg"].startswith("wxgate: ")
        assert "access_token" not in data
        assert set(data["error"]) >= {"code", "category", "message", "hint", "request_id"}
    assert sandbox.calls.count(STABLE) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b"grant_type=client_credential"])
async def test_a_token_call_without_a_json_object_is_refused(
    gate: httpx.AsyncClient, body: bytes
) -> None:
    answer = await gate.post("/cgi-bin/stable_token", content=body)
    assert answer.json()["errcode"] == 47001
