"""Channels of every type in a running gateway: what they say, and what they never say."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from notify.kinds import KINDS
from tests.e2e.conftest import KEY, Opens, Stand

ADMIN = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["admin"]}
CANARY = "CANARYcanaryCANARY"
WHSEC = "whsec_" + "Q0FOQVJZ" * 4  # CANARY again and again
SMS = {"to": ["+8613800000000"], "sign_name": "示例", "template": "1", "params": ["subject"]}


def entries(url: str) -> dict[str, dict[str, Any]]:
    """A channel of each type that has an HTTP provider, at `url`, with canaries for secrets."""
    return {
        "dingtalk": {"url": f"{url}/robot/send?access_token={CANARY}", "secret": f"SEC{CANARY}"},
        "wecom": {"url": f"{url}/cgi-bin/webhook/send?key={CANARY}"},
        "feishu": {"url": f"{url}/open-apis/bot/v2/hook/{CANARY}", "secret": CANARY},
        "slack": {"url": f"{url}/services/T0/B0/{CANARY}"},
        "aliyun_sms": {
            **SMS,
            "access_key_id": "AKID",
            "access_key_secret": CANARY,
            "base_url": url,
        },
        "tencent_sms": {
            **SMS,
            "app_id": "1400006666",
            "secret_id": "AKID",
            "secret_key": CANARY,
            "base_url": url,
        },
        "serverchan": {"send_key": f"SCT1234T{CANARY}", "base_url": url},
        "bark": {"device_key": CANARY, "base_url": url},
        "webhook": {"url": f"{url}/{CANARY}?x={CANARY}", "secret": WHSEC},
    }


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    """A gateway whose one client is an admin, and which logs all it can."""
    async with open_stand({"clients": [ADMIN], "log": {"level": "debug"}}) as opened:
        yield opened


async def test_no_type_tells_a_secret_to_anybody(
    stand: Stand, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    made = entries(stand.sandbox.url)
    assert made.keys() | {"email"} == KINDS.keys() | {"email"}
    for kind, entry in made.items():
        body = {"name": kind.replace("_", "-"), "type": kind, **entry}
        created = await stand.http.post("/v1/channels", json=body)
        assert created.status_code == 201, created.text
        told.append(created.text)
        # The sandbox is no such provider: whatever it answers is a refusal.
        tried = await stand.http.post(f"/v1/channels/{body['name']}/test", json={})
        assert tried.json()["outcome"] in ("failed", "unknown"), (kind, tried.text)
        assert tried.json()["error"], kind
        told.append(tried.text)
        wrong = await stand.http.post("/v1/channels", json={**body, "name": "x", "colour": "red"})
        assert wrong.status_code == 422
        told.append(wrong.text)
    paths = ("/v1/channels", "/v1/admin/audit", "/metrics")
    told += [(await stand.http.get(path)).text for path in paths]
    output = capfd.readouterr()
    assert "/v1/channels/" in output.out + output.err  # the log was written
    told += [output.out, output.err]
    for text in told:
        assert CANARY not in text
        assert WHSEC not in text


async def test_the_guard_of_addresses_stands_before_channels_too(open_stand: Opens) -> None:
    async with open_stand({"clients": [ADMIN]}) as stand:
        assert (await stand.http.get("/v1/channels")).json()["items"] == []
        # Its address is not open: nothing is sent, and that is final.
        entry = {"name": "own", "type": "webhook", "url": "http://10.0.0.1/x", "secret": WHSEC}
        await stand.http.post("/v1/channels", json=entry)
        tried = (await stand.http.post("/v1/channels/own/test")).json()
        assert tried["outcome"] == "failed"
        assert tried["error"].startswith("url_forbidden: 10.0.0.1")
        assert "fetch.allow_networks" in tried["error"]
