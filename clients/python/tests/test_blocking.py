import httpx
import pytest
from wxgate_client import calls
from wxgate_client.blocking import Gateway
from wxgate_client.errors import Refused, Unreachable

from tests.scripted import DONE, JOB, Answer, events, in_turn


def gateway(answer: Answer, *, patience_s: int = 60, sign: bool = False) -> Gateway:
    transport = httpx.MockTransport(answer)
    return Gateway("http://gate", "wxg_a_b", transport=transport, patience_s=patience_s, sign=sign)


def test_calls_answer_as_they_do_with_asyncio() -> None:
    busy = httpx.Response(429, headers={"Retry-After": "0"}, json={"error": {"code": "slow"}})
    answers = in_turn(
        busy,
        httpx.Response(200, json={"items": [{"name": "a"}], "default": "a"}),
        httpx.Response(200, json={"items": [JOB], "next_cursor": "c"}),
        httpx.Response(200, json={"items": [DONE], "next_cursor": None}),
        httpx.Response(404, json={"error": {"code": "job_unknown"}}),
        httpx.Response(200, json={"ok": True}),
        httpx.ReadError("reset"),
    )
    with gateway(answers, sign=True) as gate:
        assert gate.default_account() == "a"
        assert list(gate.each(calls.jobs())) == [JOB, DONE]
        with pytest.raises(Refused, match="job_unknown"):
            gate.job("job_1")
        assert gate.request("DELETE", "/v1/x") == {"ok": True}
        with pytest.raises(Unreachable):
            gate.job("job_1")


def test_a_job_is_followed_to_its_end_through_a_restart() -> None:
    with gateway(in_turn(events(JOB), events(DONE, first=2))) as gate:
        assert list(gate.follow(JOB)) == [JOB, JOB, DONE]
    with gateway(in_turn(httpx.Response(204), httpx.Response(200, json=DONE))) as gate:
        assert list(gate.follow(JOB)) == [JOB, DONE]
    away = gateway(in_turn(httpx.ReadError("reset")), patience_s=0)
    with away as gate, pytest.raises(Unreachable):
        list(gate.follow(JOB))
