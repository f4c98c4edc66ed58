from typing import Any

import orjson
import pytest

from server.forward.same_host import SameHost

HOST = "api.weixin.qq.com"


async def status(*hosts: str) -> tuple[int, str]:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 204})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "headers": [(b"host", host.encode()) for host in hosts],
        "state": {"connect_host": HOST, "request_id": "req_1"},
    }
    await SameHost(app)(scope, None, send)  # type: ignore[arg-type]
    code = orjson.loads(sent[1]["body"])["error"]["code"] if len(sent) > 1 else ""
    return sent[0]["status"], code


@pytest.mark.parametrize("host", [HOST, HOST.upper(), f"{HOST}:443", f"{HOST}:80"])
async def test_the_host_of_the_connection_is_answered(host: str) -> None:
    assert await status(host) == (204, "")


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        (HOST, HOST),
        ("mp.weixin.qq.com",),
        (f"{HOST}:",),
        (f"{HOST}:80:80",),
        (f"{HOST}:443\n",),
        (f"{HOST}@127.0.0.1",),
        (f"{HOST}.",),
        ("127.0.0.1",),
        ("",),
    ],
)
async def test_no_other_is(hosts: tuple[str, ...]) -> None:
    assert await status(*hosts) == (400, "forward_host_differs")
