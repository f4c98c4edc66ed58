"""What happens in a gateway that runs arrives at people, with what they need to act."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from notify.senders.webhook_signing import signed_headers
from sandbox.faults import Fault
from sandbox.settings import VERIFIED
from tests.e2e.conftest import KEY, Opens
from tests.notify.receivers import Receiver

SECRET = "whsec_" + "MDAw" * 8
IP = "203.0.113.7"
NOT_WHITELISTED = {
    "errcode": 40164,
    "errmsg": f"invalid ip {IP} ipv6 ::ffff:{IP}, not in whitelist",
}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.open()
    yield made
    await made.aclose()


async def told(receiver: Receiver, kind: str) -> dict[str, Any]:
    """The first message about that event."""
    async with asyncio.timeout(60):
        while True:
            for asked in receiver.got:
                if asked.json["type"] == kind:
                    found: dict[str, Any] = asked.json["data"]
                    return found
            await asyncio.sleep(0.05)


async def test_people_learn_which_ip_to_enter_where_and_which_job_it_is(
    open_stand: Opens, receiver: Receiver
) -> None:
    channel = {"name": "ops", "type": "webhook", "url": receiver.url("/hook"), "secret": SECRET}
    change = {
        "channels": [channel],
        "notify": {"routes": [{"channels": ["ops"]}], "sweep_s": 0.1},
        "fetch": {"allow_ports": [80, receiver.port]},
    }
    async with open_stand(change) as stand:
        refusal = Fault(
            kind="answer",
            path="/cgi-bin/stable_token",
            body=json.dumps(NOT_WHITELISTED),
            headers={"content-type": "application/json"},
        )
        stand.sandbox.faults.add(refusal)
        for _ in range(5):
            await stand.http.get("/cgi-bin/draft/count", headers={"X-Wxgate-Account": "main"})
        refused = await told(receiver, "account.ip_refused")
        assert (refused["account"], refused["severity"]) == ("main", "critical")
        for words in (IP, VERIFIED.app_id, "API IP 白名单"):
            assert words in refused["text"], refused["text"]
        ready = await stand.article(
            {"markdown": "# 手发\n\n字", "action": "publish"}, account="personal"
        )
        message = await told(receiver, "draft.ready")
        assert "手发" in message["text"]
        assert message["url"] == f"{stand.url}/v1/jobs/{ready['id']}"
        kinds = [asked.json["type"] for asked in receiver.got]
        assert kinds.count("account.ip_refused") == kinds.count("draft.ready") == 1
        first = receiver.got[0]
        name = "webhook-signature"
        sent_at = int(first.headers["webhook-timestamp"])
        signed = signed_headers(SECRET, first.headers["webhook-id"], sent_at, first.body)
        assert first.headers[name] == {k.lower(): v for k, v in signed.items()}[name]
    text = "".join(asked.body.decode() for asked in receiver.got)
    for secret in (KEY, VERIFIED.app_secret, SECRET, "access_token"):
        assert secret not in text
